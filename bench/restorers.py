"""Restores of the whole tree that are compared: how each is run, and whether everything came back."""

import os
import re
import shlex
import time
import zipfile

import comparison
import tree
from contenders import Contender
from measuring import Failed

# Any locale with UTF-8: bsdtar fails on names that are not ASCII in one without.
UTF8 = {"LC_ALL": "C.UTF-8"}


class Restorer(Contender):
    """Restores everything from a source into an empty directory."""

    def __init__(self, bench, subject, source):
        super().__init__(bench, subject)
        self.source = source
        self.target = bench.run / "target"
        self.is_inspected = False

    def prepare(self):
        if self.source.failure:
            raise Failed(f"there is nothing to restore from: {self.source.failure}")
        self.bench.disk.make(self.tree.counts)
        self.target.mkdir()

    def set_caches(self):
        tree.read_once(self.source.files())

    def stored_bytes(self):
        return self.source.stored_bytes

    def inspect(self):
        """After the first run: how long what was written then takes to reach the disk, and whether all of it is
        there."""
        if self.is_inspected:
            return {}
        started = time.monotonic()
        os.sync()
        to_disk_seconds = time.monotonic() - started
        self.compare()
        self.is_inspected = True
        return {"to_disk_seconds": round(to_disk_seconds, 2)}

    def compare(self):
        for directory in self.tree.directories:
            comparison.compare_counts(directory, self.restored(directory))

    def restored(self, directory):
        """Where a directory of the tree comes back to."""
        return self.target / directory.relative_to("/")

    def clear(self):
        self.bench.disk.remove()


class OsbackupRestore(Restorer):
    """`osbackup restore` from one of the destinations."""

    def __init__(self, bench, subject, source, destination):
        super().__init__(bench, subject, source)
        self.destination = destination
        self.name = f"osbackup-{destination}"
        self.title = {"folder": "osbackup, from a folder", "ftp": "osbackup, over FTP"}[destination]

    def prepare(self):
        super().prepare()
        self.configuration = self.source.backup.configure(self.destination)

    def make(self):
        return self.measure(self.bench.osbackup, "restore", "latest", "--target", self.target, "--quiet", "--config",
                            self.configuration)

    def compare(self):
        """Everything that the archive keeps, with the digest of each file."""
        for directory in self.tree.directories:
            comparison.compare_objects(directory, self.restored(directory))
        super().compare()


class ByHand(Restorer):
    """Without osbackup, as a person would: the zip unpacked into files, then its .tar.gz one after another."""

    unpack_zip = ""  # The command that unpacks "$archive" here.
    unpack_tar = ""  # The one that unpacks "$tar" into "$target".

    def make(self):
        archive = self.source.files()[0]
        script = [f"set -e\narchive={shlex.quote(str(archive))} target={shlex.quote(str(self.target))}",
                  self.unpack_zip]
        for name in zipfile.ZipFile(archive).namelist():
            if name.endswith(".tar.gz"):
                script.append(f"tar={shlex.quote('./' + name)}\n{self.unpack_tar}")
        return self.measure("/bin/sh", "-c", "\n".join(script), environment=UTF8)


class UnzipAndTar(ByHand):
    name = "unzip"
    title = "`unzip`, then `tar -xzf` of each"
    unpack_zip = 'unzip -q "$archive"'
    unpack_tar = 'tar -xpzf "$tar" -C "$target" --numeric-owner'


class Bsdtar(ByHand):
    name = "bsdtar"
    title = "`bsdtar -xf`, then `bsdtar -xf` of each"
    unpack_zip = 'bsdtar -xf "$archive"'
    unpack_tar = 'bsdtar -xpf "$tar" -C "$target" --numeric-owner'


class RestoreText(Restorer):
    """The commands of RESTORE.txt, as they stand in the archive."""

    name = "restore-txt"
    title = "the commands of `RESTORE.txt`"

    def make(self):
        archive = self.source.files()[0]
        text = zipfile.ZipFile(archive).read("osbackup/RESTORE.txt").decode()
        commands = re.search(r"Bring everything back.*?\n\n(.*?)\n\n", text, re.DOTALL)
        if not commands:
            raise Failed("RESTORE.txt does not say how to bring everything back")
        target = shlex.quote(str(self.target))
        script = commands[1].replace("mkdir -p /restore", f"mkdir -p {target}").replace("-C /restore ", f"-C {target} ")
        return self.measure("bash", "-e", "-o", "pipefail", "-c", script, start_in=archive.parent, environment=UTF8)


class ResticRestore(Restorer):
    name = "restic"
    title = "`restic restore`, local repository"

    def make(self):
        return self.measure("restic", "restore", "latest", "--quiet", "--target", self.target,
                            **self.source.backup.options)


class BorgExtract(Restorer):
    name = "borg"
    title = "`borg extract`, local repository"

    def make(self):
        backup = self.source.backup
        return self.measure("borg", "extract", "--numeric-ids", f"{backup.repository}::bench", start_in=self.target,
                            **backup.options)


def all_restorers(bench, subject, sources):
    archive = sources.archive
    return [
        OsbackupRestore(bench, subject, archive, "folder"),
        OsbackupRestore(bench, subject, archive, "ftp"),
        UnzipAndTar(bench, subject, archive),
        RestoreText(bench, subject, archive),
        Bsdtar(bench, subject, archive),
        ResticRestore(bench, subject, sources.restic),
        BorgExtract(bench, subject, sources.borg),
    ]
