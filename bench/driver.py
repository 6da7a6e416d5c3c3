"""bench/backup without the building: makes the tree, runs the contenders, writes the tables. See docs/benchmarks.md."""

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import contenders
import machine
import measuring
import memory
import table
import tree
from ftp_server import FtpServer

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = CHECKOUT / "build" / "bench"
DOCUMENT = CHECKOUT / "docs" / "benchmarks.md"

WANTED = tree.Counts(files=165_000, content_bytes=3 * 10**9)
WANTED_QUICK = tree.Counts(files=5_500, content_bytes=100 * 10**6)
RUNS = 5
RUNS_QUICK = 2
# tar.gz files, the zip of them and its copy on the server at once, if nothing can be compressed.
COPIES_OF_TREE = 3
SPARE_BYTES = 1 << 30


def read_arguments():
    parser = argparse.ArgumentParser(prog="bench/backup", description="Measures osbackup beside other programs, and "
                                     "writes the tables of docs/benchmarks.md.")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--cold", action="store_true", help="drop the caches before each run; osbackup, restic and Borg")
    part.add_argument("--memory", action="store_true", help="peak memory over trees that are large in one way")
    parser.add_argument("--runs", type=int, metavar="N", help=f"runs of each contender (default {RUNS})")
    parser.add_argument("--only", metavar="NAME,...", help="these contenders, or trees of --memory, alone; "
                        "docs/benchmarks.md stays as it is")
    parser.add_argument("--tree", metavar="DIR", help="back up the directories in DIR instead of a copy of /usr")
    parser.add_argument("--remake", action="store_true", help="make the tree again")
    parser.add_argument("--quick", action="store_true", help="a small tree and few runs, to try it out; "
                        "docs/benchmarks.md stays as it is")
    parser.add_argument("--programs", metavar="DIR", default=str(CHECKOUT / "build" / "release"),
                        help="a build folder with bin/osbackup and bench/bench_floor, instead of building them")
    arguments = parser.parse_args()
    if arguments.runs is None:
        arguments.runs = RUNS_QUICK if arguments.quick else RUNS
    if arguments.runs < 1:
        parser.error("--runs needs a number from 1 on")
    return arguments


def pick(offered, only):
    """Those of the contenders or trees whose names `only` lists; all of them without it."""
    if not only:
        return offered
    names = [name.strip() for name in only.split(",")]
    unknown = set(names) - {one.name for one in offered}
    if unknown:
        raise SystemExit(f"bench/backup: --only does not know {', '.join(sorted(unknown))}; "
                         f"there are {', '.join(one.name for one in offered)}")
    return [one for one in offered if one.name in names]


def open_tree(arguments):
    if arguments.tree:
        return tree.Tree(arguments.tree)
    wanted = WANTED_QUICK if arguments.quick else WANTED
    folder = FOLDER / ("tree-quick" if arguments.quick else "tree")
    if arguments.remake or not tree.is_made(folder, wanted):
        tree.remove(folder)
        need_space(wanted.content_bytes * 2, "copy the tree")
        print(f"Copying a tree to {folder}", flush=True)
        tree.make(folder, wanted)
    return tree.Tree(folder)


def need_space(needed, action):
    disk = os.statvfs(FOLDER)
    free = disk.f_bavail * disk.f_frsize
    if free < needed + SPARE_BYTES:
        raise SystemExit(f"bench/backup: to {action}, {FOLDER} needs {(needed + SPARE_BYTES) / 1e9:.1f} GB of disk, "
                         f"and {free / 1e9:.1f} GB are free")


def compare(arguments, bench, facts):
    """Caches warm or cold: returns the result and the lines of the document."""
    subject = open_tree(arguments)
    counts = subject.counts
    print(f"The tree: {counts.content_bytes / 1e9:.2f} GB, {counts.files:,} files, {counts.directories:,} directories, "
          f"{counts.links:,} links, in {', '.join(path.name for path in subject.directories)}", flush=True)
    need_space(counts.content_bytes * COPIES_OF_TREE, "run the contenders")
    offered = contenders.cold_contenders if arguments.cold else contenders.warm_contenders
    running = pick(offered(bench, subject), arguments.only)
    result = {
        "part": "cold" if arguments.cold else "warm", "machine": facts, "runs": [], "failures": {}, "medians": {},
        "tree": {"counts": asdict(counts), "rounds": arguments.runs, "caches": "cold" if arguments.cold else "warm",
                 "directories": {name: asdict(part) for name, part in subject.counts_by_name.items()}},
    }
    kept = []

    def keep(run):
        kept.append(run)
        result["runs"].append(asdict(run))
        save(arguments, result)

    result["failures"] = measuring.interleave(running, arguments.runs, bench.server, keep)
    result["medians"] = measuring.medians(kept)
    return result, table.comparison(result, {one.name: one.title for one in running})


def measure_memory(arguments, bench, facts):
    wanted = pick(memory.cases(arguments.quick), arguments.only)
    runs, failures = memory.measure_all(wanted, bench, FOLDER)
    result = {"part": "memory", "machine": facts, "runs": runs, "failures": failures}
    return result, table.memory(result, {case.name: case.title for case in wanted})


def is_whole(arguments):
    """Whether this run measures what docs/benchmarks.md shows."""
    return not (arguments.quick or arguments.only)


def save(arguments, result):
    """Puts one part's result among the others in results.json; what was only tried out goes to a file beside it."""
    file = FOLDER / ("results.json" if is_whole(arguments) else "results-partial.json")
    results = json.loads(file.read_text()) if file.exists() else {}
    results[result["part"]] = result
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n")
    partial.rename(file)
    return file


def publish(arguments, result, lines):
    """Writes the part's table into docs/benchmarks.md, or into a copy of it when not everything was measured."""
    document = DOCUMENT if is_whole(arguments) else FOLDER / "benchmarks.md"
    # What a program said may name the checkout, which is nobody's business.
    lines = [line.replace(f"{CHECKOUT}/", "") for line in lines]
    text = table.section(result["part"], lines, DOCUMENT.read_text())
    document.write_text(text)
    print("\n".join(lines))
    print(f"Written: {document}")


def stop(number, _frame):
    sys.exit(128 + number)  # As an exception, so that whatever runs is ended and removed.


def main():
    arguments = read_arguments()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if arguments.cold and not os.access(contenders.DROP_CACHES, os.W_OK):
        raise SystemExit(f"bench/backup: caches cannot be dropped here: {contenders.DROP_CACHES} cannot be written")
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = FtpServer(FOLDER / "ftp")
    bench = contenders.Places(FOLDER, Path(arguments.programs).resolve(), server)
    facts = machine.describe(FOLDER, bench.osbackup)
    server.start()
    try:
        result, lines = (measure_memory if arguments.memory else compare)(arguments, bench, facts)
    finally:
        server.stop()
    file = save(arguments, result)
    publish(arguments, result, lines)
    print(f"All single runs: {file}")


if __name__ == "__main__":
    main()
