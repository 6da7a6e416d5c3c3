"""What bench/backup and bench/restore share: their options, the tree, the FTP server, and where the results go."""

import argparse
import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import contenders
import machine
import measuring
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
SPARE_BYTES = 1 << 30


def read_arguments(name, description, parts):
    """`parts`: the options that choose what is measured, and their help; at most one of them may be given."""
    parser = argparse.ArgumentParser(prog=name, description=f"{description}, and writes the tables of "
                                     "docs/benchmarks.md.")
    part = parser.add_mutually_exclusive_group()
    for option, help_text in parts.items():
        part.add_argument(option, action="store_true", help=help_text)
    parser.add_argument("--runs", type=int, metavar="N", help=f"runs of each contender (default {RUNS})")
    parser.add_argument("--only", metavar="NAME,...", help="these contenders, or trees of --memory, alone; "
                        "docs/benchmarks.md stays as it is")
    parser.add_argument("--tree", metavar="DIR", help="take the directories in DIR instead of a copy of /usr")
    parser.add_argument("--remake", action="store_true", help="make the tree again")
    parser.add_argument("--quick", action="store_true", help="a small tree and few runs, to try it out; "
                        "docs/benchmarks.md stays as it is")
    parser.add_argument("--programs", metavar="DIR", default=str(CHECKOUT / "build" / "release"),
                        help="a build folder with bin/osbackup and bench/bench_floor, instead of building them")
    arguments = parser.parse_args()
    arguments.command = name
    if arguments.runs is None:
        arguments.runs = RUNS_QUICK if arguments.quick else RUNS
    if arguments.runs < 1:
        parser.error("--runs needs a number from 1 on")
    return arguments


def pick(arguments, offered):
    """Those of the contenders or trees whose names --only lists; all of them without it."""
    if not arguments.only:
        return offered
    names = [name.strip() for name in arguments.only.split(",")]
    unknown = set(names) - {one.name for one in offered}
    if unknown:
        raise SystemExit(f"{arguments.command}: --only does not know {', '.join(sorted(unknown))}; "
                         f"there are {', '.join(one.name for one in offered)}")
    return [one for one in offered if one.name in names]


def open_tree(arguments, also=()):
    """The tree, made if it is not there. `also`: directories elsewhere that are backed up with it."""
    if arguments.tree:
        return opened(tree.Tree(arguments.tree, also))
    wanted = WANTED_QUICK if arguments.quick else WANTED
    folder = FOLDER / ("tree-quick" if arguments.quick else "tree")
    if arguments.remake or not tree.is_made(folder, wanted):
        tree.remove(folder)
        need_space(arguments, wanted.content_bytes * 2, "copy the tree")
        print(f"Copying a tree to {folder}", flush=True)
        tree.make(folder, wanted)
    return opened(tree.Tree(folder, also))


def opened(subject):
    counts = subject.counts
    print(f"The tree: {counts.content_bytes / 1e9:.2f} GB, {counts.files:,} files, {counts.directories:,} directories, "
          f"{counts.links:,} links, in {', '.join(subject.counts_by_name)}", flush=True)
    return subject


def need_space(arguments, needed, action):
    disk = os.statvfs(FOLDER)
    free = disk.f_bavail * disk.f_frsize
    if free < needed + SPARE_BYTES:
        raise SystemExit(f"{arguments.command}: to {action}, {FOLDER} needs {(needed + SPARE_BYTES) / 1e9:.1f} GB of "
                         f"disk, and {free / 1e9:.1f} GB are free")


@contextlib.contextmanager
def bench_of(arguments):
    """Where the contenders find everything, with the server running, and the facts about the machine."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = FtpServer(FOLDER / "ftp")
    places = contenders.Places(FOLDER, Path(arguments.programs).resolve(), server)
    facts = machine.describe(FOLDER, places.osbackup)
    server.start()
    try:
        yield places, facts
    finally:
        server.stop()


def compare(arguments, result, running, server):
    """Runs the contenders, puts what was measured into `result`, and saves it after each run."""
    kept = []

    def keep(run):
        kept.append(run)
        result["runs"].append(asdict(run))
        save(arguments, result)

    result.update(runs=[], failures={}, medians={})
    result["failures"] = measuring.interleave(running, arguments.runs, server, keep)
    result["medians"] = measuring.medians(kept)
    save(arguments, result)


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


def publish(arguments, parts):
    """Writes the tables of the parts, each a result and its lines, into docs/benchmarks.md, or into a copy of it when
    not everything was measured; shows the last."""
    text = DOCUMENT.read_text()
    for result, lines in parts:
        # What a program said may name the checkout, which is nobody's business.
        lines = [line.replace(f"{CHECKOUT}/", "") for line in lines]
        text = table.section(result["part"], lines, text)
    print("\n".join(parts[-1][1]))
    document = DOCUMENT if is_whole(arguments) else FOLDER / "benchmarks.md"
    document.write_text(text)
    print(f"Written: {document}", flush=True)


def end_on_signals():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def stop(number, _frame):
    sys.exit(128 + number)  # As an exception, so that whatever runs is ended and removed.
