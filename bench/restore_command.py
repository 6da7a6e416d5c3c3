"""bench/restore without the building: makes the tree and backups of it, restores, writes the tables. See
docs/benchmarks.md."""

import command
import memory
import one_file
import restore_memory
import restore_table
import restorers
import table
import tree
from sftp_server import SftpServer
from sources import Sources

# Three backups, the .tar.gz files unpacked from one, and what is restored, if nothing can be compressed.
COPIES_OF_TREE = 5
SYSTEM_CONFIGURATION = "/etc"


def compare(arguments, bench, facts):
    """Yields the result and the lines of the document of each part: whole restores, and single files."""
    configuration = command.FOLDER / "host" / "etc"
    tree.copy_readable(SYSTEM_CONFIGURATION, configuration)
    subject = command.open_tree(arguments, also=[configuration])
    command.need_space(arguments, subject.counts.content_bytes * COPIES_OF_TREE, "run the contenders")
    bench.sftp_server = SftpServer(command.FOLDER / "sftp", bench.server.root)
    sources = Sources(bench, subject)
    whole = [] if arguments.file else restorers.all_restorers(bench, subject, sources)
    single = one_file.all_dumpers(bench, subject, sources, one_file.choose(subject, configuration))
    running = command.pick(arguments, [*whole, *single])
    parts = [("restore whole", [one for one in running if one in whole], show_whole),
             ("restore file", [one for one in running if one in single], show_one_file)]
    try:
        bench.sftp_server.start()
        sources.make([one.source for one in running])
        for part, contenders, show in parts:
            if contenders:
                print(f"{part}:", flush=True)
                result = {"part": part, "machine": facts,
                          "tree": {**subject.facts(), "rounds": arguments.runs, "caches": "warm"}}
                command.compare(arguments, result, contenders, bench.server)
                yield result, show(result, contenders)
    finally:
        bench.sftp_server.stop()
        sources.remove()


def show_whole(result, contenders):
    return restore_table.whole(result, {one.name: one.title for one in contenders})


def show_one_file(result, contenders):
    return restore_table.one_file(result, contenders)


def measure_memory(arguments, bench, facts):
    wanted = command.pick(arguments, restore_memory.cases(arguments.quick))
    runs, failures = memory.measure_all(wanted, bench, command.FOLDER, restore_memory.bring_back)
    result = {"part": "restore memory", "machine": facts, "runs": runs, "failures": failures}
    command.save(arguments, result)
    yield result, table.memory(result, {case.name: case.title for case in wanted})


def main():
    arguments = command.read_arguments("bench/restore", "Measures osbackup's restore beside that of other programs", {
        "--file": "one file alone, without whole restores",
        "--memory": "peak memory over trees that are large in one way",
    })
    command.end_on_signals()
    done = []
    with command.bench_of(arguments) as (bench, facts):
        for part in (measure_memory if arguments.memory else compare)(arguments, bench, facts):
            done.append(part)
            command.publish(arguments, done)


if __name__ == "__main__":
    main()
