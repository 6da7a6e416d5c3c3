"""The backups that bench/restore restores from: each made once, before anything is measured, and kept until the end."""

import shutil
import time

from contenders import Borg, Osbackup, Restic
from measuring import Failed


class Source:
    """A backup that a contender of bench/backup made, in a folder that runs leave alone."""

    def __init__(self, backup):
        self.backup = backup
        self.failure = "it was not made"  # Why there is no backup; None when there is one.
        self.stored_bytes = 0

    def make(self):
        """Makes the backup. A failure is kept for those who want to restore from it."""
        print(f"  {self.backup.name}: ", end="", flush=True)
        started = time.monotonic()
        try:
            self.backup.prepare()
            self.backup.make()
            self.stored_bytes = self.backup.stored_bytes()
            self.failure = None
            print(f"{self.stored_bytes / 1e6:,.0f} MB, {time.monotonic() - started:.1f} s", flush=True)
        except Failed as failure:
            self.failure = str(failure)
            print(f"failed: {failure}", flush=True)

    def files(self):
        return self.backup.stored()


class Sources:
    """One archive, one restic repository and one Borg repository of the same tree."""

    def __init__(self, bench, tree):
        self.folder = bench.folder / "sources"
        self.archive, self.restic, self.borg = (
            Source(kind(bench.with_run_in(self.folder / name), tree, **options))
            for kind, name, options in ((Osbackup, "osbackup", {"level": "balanced"}), (Restic, "restic", {}),
                                        (Borg, "borg", {})))
        self.all = (self.archive, self.restic, self.borg)

    def make(self, wanted):
        self.remove()
        self.folder.mkdir(parents=True)
        print("Making what is restored from:", flush=True)
        for source in self.all:
            if source in wanted:
                source.make()

    def remove(self):
        for source in self.all:
            source.backup.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
