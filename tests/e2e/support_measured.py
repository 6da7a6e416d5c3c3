"""Runs a program and says how it ended, how long that took it and how much memory.

The kernel counts what a process was before it became a program, too; so a small process of its own starts them all.
"""

import multiprocessing
import os
import subprocess
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass


@dataclass
class Ended:
    """How a program ended."""

    code: int  # Below 0: by a signal.
    output: bytes  # Both streams.
    was_killed: bool  # Since its time was over.
    memory_bytes: int  # At its largest.

    def described(self):
        return f"exit {self.code}, {self.memory_bytes >> 20} MiB\n{self.output[-4000:].decode(errors='replace')}"


def _run(command, seconds):
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/")
        was_killed = threading.Event()
        timer = threading.Timer(seconds, lambda: (was_killed.set(), process.kill()))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        timer.cancel()
        output.seek(0)
        return Ended(process.returncode, output.read(), was_killed.is_set(), usage.ru_maxrss << 10)


class Starter:
    """The small process."""

    def __init__(self):
        self.pool = ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))

    def run(self, command, seconds):
        """Runs a command to its end, or kills it when its time is over."""
        return self.pool.submit(_run, command, seconds).result()

    def close(self):
        self.pool.shutdown()
