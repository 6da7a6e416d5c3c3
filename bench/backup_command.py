"""bench/backup without the building: makes the tree, runs the contenders, writes the tables. See docs/benchmarks.md."""

import os
from dataclasses import asdict

import command
import contenders
import memory
import table

# tar.gz files, the zip of them and its copy on the server at once, if nothing can be compressed.
COPIES_OF_TREE = 3


def compare(arguments, bench, facts):
    """Caches warm or cold: returns the result and the lines of the document."""
    subject = command.open_tree(arguments)
    command.need_space(arguments, subject.counts.content_bytes * COPIES_OF_TREE, "run the contenders")
    offered = contenders.cold_contenders if arguments.cold else contenders.warm_contenders
    running = command.pick(arguments, offered(bench, subject))
    caches = "cold" if arguments.cold else "warm"
    result = {"part": f"backup {caches}", "machine": facts,
              "tree": {**subject.facts(), "rounds": arguments.runs, "caches": caches}}
    command.compare(arguments, result, running, bench.server)
    return result, table.comparison(result, {one.name: one.title for one in running})


def measure_memory(arguments, bench, facts):
    wanted = command.pick(arguments, memory.cases(arguments.quick))
    runs, failures = memory.measure_all(wanted, bench, command.FOLDER, memory.back_up)
    result = {"part": "backup memory", "machine": facts, "runs": runs, "failures": failures}
    command.save(arguments, result)
    return result, table.memory(result, {case.name: case.title for case in wanted})


def main():
    arguments = command.read_arguments("bench/backup", "Measures osbackup beside other programs", {
        "--cold": "drop the caches before each run; osbackup, restic and Borg",
        "--memory": "peak memory over trees that are large in one way",
    })
    command.end_on_signals()
    if arguments.cold and not os.access(contenders.DROP_CACHES, os.W_OK):
        raise SystemExit(f"bench/backup: caches cannot be dropped here: {contenders.DROP_CACHES} cannot be written")
    with command.bench_of(arguments) as (bench, facts):
        part = (measure_memory if arguments.memory else compare)(arguments, bench, facts)
    command.publish(arguments, [part])


if __name__ == "__main__":
    main()
