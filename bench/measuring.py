"""Runs commands and measures what they took."""

import os
import signal
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

RUN_SECONDS_MAX = 4 * 3600
MESSAGE_LINES = 3


class Failed(Exception):
    """A contender did not do its work; the message says what it said."""


@dataclass(frozen=True)
class Used:
    """What one command took, with the commands that it started and waited for."""
    wall_seconds: float
    cpu_seconds: float  # User and system.
    memory_kib: int  # The largest resident set that any one of its processes had.
    exit_code: int

    def __add__(self, other):
        return Used(self.wall_seconds + other.wall_seconds, self.cpu_seconds + other.cpu_seconds,
                    max(self.memory_kib, other.memory_kib), max(self.exit_code, other.exit_code))


@dataclass(frozen=True)
class Run:
    """One measured run of one contender."""
    contender: str
    number: int
    wall_seconds: float
    making_seconds: float  # Without an upload that comes after; the same as wall_seconds when there is none.
    cpu_seconds: float
    server_cpu_seconds: float
    memory_kib: int
    stored_bytes: int
    further: dict = field(default_factory=dict)  # Figures that only some contenders have, or only some of their runs.


def measure(command, folder, environment=None, accepted=(0,), content=None, start_in=None):
    """Runs `command` and returns what it Used. Throws Failed when its exit code is not among the accepted.

    What it says goes to a file in `folder`, and is what last_lines() tells of a failure; its standard output goes to
    the file `content` instead when there is one. It starts in the folder `start_in`, or in `folder`.

    GNU time asks wait4() for CPU and memory. It is a small process: one that a large process starts, such as this
    Python, would inherit that one's peak memory.
    """
    figures, said = Path(folder) / "time.output", Path(folder) / "command.output"
    with open(said, "wb") as output, open(content or os.devnull, "wb") as separate:
        started = time.monotonic()
        process = subprocess.Popen(
            ["/usr/bin/time", "--quiet", "--output", str(figures), "--format", "%U %S %M", *map(str, command)],
            cwd=start_in or folder, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
            stdout=separate if content else output, stderr=output, start_new_session=True,
        )
        try:
            exit_code = process.wait(RUN_SECONDS_MAX)
            wall_seconds = time.monotonic() - started
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # A group of its own: nothing else is in it.
            process.wait()
            raise
    if exit_code not in accepted:
        raise Failed(f"{Path(command[0]).name} ended with {exit_code}: {last_lines(said)}")
    user, system, memory_kib = figures.read_text().split()[-3:]
    return Used(wall_seconds, float(user) + float(system), int(memory_kib), exit_code)


def last_lines(file):
    lines = [line.strip() for line in file.read_text(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-MESSAGE_LINES:]) or "it said nothing"


def run_once(contender, number, server):
    """One measured run, and what it made removed again."""
    try:
        contender.prepare()
        os.sync()  # So that no contender pays for what the one before it wrote.
        contender.set_caches()
        server_before = server.cpu_seconds()
        making = contender.make()
        upload = contender.upload()
        total = making + upload if upload else making
        server_cpu_seconds = server.cpu_seconds() - server_before
        stored_bytes = contender.stored_bytes()
        return Run(contender.name, number, round(total.wall_seconds, 3), round(making.wall_seconds, 3),
                   round(total.cpu_seconds, 2), round(server_cpu_seconds, 2), total.memory_kib, stored_bytes,
                   contender.inspect())
    finally:
        contender.clear()


def interleave(contenders, rounds, server, keep):
    """Runs each contender once, then each once more, and so on; returns the failures by name.

    `keep` is called with each Run. One that failed is not tried again, and the others go on.
    """
    failures = {}
    for number in range(1, rounds + 1):
        for contender in contenders:
            if contender.name in failures:
                continue
            print(f"  {number}/{rounds} {contender.name}: ", end="", flush=True)
            try:
                run = run_once(contender, number, server)
            except Failed as failure:
                failures[contender.name] = str(failure)
                print(f"failed: {failure}", flush=True)
                continue
            print(f"{run.wall_seconds:.2f} s", flush=True)
            keep(run)
    return failures


def medians(runs):
    """By contender: the median of each figure over its runs that have it, and the fastest and slowest run's wall
    time."""
    found = {}
    for name in dict.fromkeys(run.contender for run in runs):
        rows = [asdict(run) for run in runs if run.contender == name]
        rows = [{key: value for key, value in {**row, **row["further"]}.items() if key not in ("contender", "further")}
                for row in rows]
        figures = {key: statistics.median(row[key] for row in rows if key in row)
                   for key in dict.fromkeys(key for row in rows for key in row)}
        walls = [row["wall_seconds"] for row in rows]
        found[name] = {**figures, "runs": len(rows), "wall_seconds_min": min(walls), "wall_seconds_max": max(walls)}
    return found
