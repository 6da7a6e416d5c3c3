"""One file out of a backup: which files, how each program gets them, and what it reads for that."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import traffic
import tree
from contenders import Contender
from measuring import Failed

LARGEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Wanted:
    """A file to get back."""
    name: str  # In the names of contenders.
    title: str
    path: str
    content_bytes: int


def choose(subject, configuration):
    """Two files: of the directory `configuration` (a copy of /etc) the one of median size, and of all others the
    largest of at most 1 MiB, which is the hardest. The same tree always gives the same ones."""
    by_size = {False: [], True: []}
    for path in subject.files():
        status = os.lstat(path)
        if 0 < status.st_size <= LARGEST_BYTES and status.st_nlink == 1:
            by_size[Path(path).is_relative_to(configuration)].append((status.st_size, path))
    if not by_size[True] or not by_size[False]:
        raise SystemExit("bench: the tree has no file of at most 1 MiB to get back alone")
    small, large = sorted(by_size[True]), sorted(by_size[False])
    return [
        Wanted("etc", "of `/etc`, the one of median size", small[len(small) // 2][1], small[len(small) // 2][0]),
        Wanted("1-mib", "the largest of at most 1 MiB", large[-1][1], large[-1][0]),
    ]


class Dumper(Contender):
    """Writes one file to standard output."""

    program = ""
    program_title = ""

    def __init__(self, bench, subject, source, wanted):
        super().__init__(bench, subject)
        self.source = source
        self.wanted = wanted
        self.name = f"{self.program}-{wanted.name}"
        self.title = self.program_title
        self.is_traced = False

    def prepare(self):
        if self.source.failure:
            raise Failed(f"there is nothing to get it from: {self.source.failure}")
        super().prepare()

    def set_caches(self):
        tree.read_once(self.source.files())

    def stored_bytes(self):
        return self.source.stored_bytes

    def command(self):
        raise NotImplementedError

    def options(self):
        return {}

    def on_a_fresh_machine(self):
        """The command and its options for one who has nothing but the backup; None when they are the same."""
        return None

    def make(self):
        return self.measure(*self.command(), content=self.bench.run / "content", **self.options())

    def inspect(self):
        with open(self.bench.run / "content", "rb") as content, open(self.wanted.path, "rb") as source:
            if content.read() != source.read():
                raise Failed(f"{self.wanted.path} did not come back as it was")
        return self.what_was_read()

    def what_was_read(self):
        """Bytes read from the files of the source: by runs of their own, once, since strace makes them slow."""
        if self.is_traced:
            return {}
        self.is_traced = True
        read_bytes = self.bytes_read_by(self.command(), self.options())
        fresh = self.on_a_fresh_machine()
        return {"read_bytes": read_bytes, "fresh_read_bytes": self.bytes_read_by(*fresh) if fresh else read_bytes}

    def bytes_read_by(self, command, options):
        texts = self.traced(traffic.READING_CALLS, command, options)
        return traffic.bytes_read(texts, [str(path) for path in self.source.files()])

    def traced(self, calls, command, options):
        """What strace says of these system calls, one text for each thread."""
        trace = self.bench.run / "trace"
        shutil.rmtree(trace, ignore_errors=True)
        trace.mkdir()
        self.measure("strace", "-ff", "-qq", "-yy", "-s", "0", "-e", "trace=" + ",".join(calls), "-o", trace / "of",
                     *command, content=self.bench.run / "content", **options)
        return [file.read_text(errors="replace") for file in trace.iterdir()]

    def clear(self):
        shutil.rmtree(self.bench.run, ignore_errors=True)


class OsbackupDump(Dumper):
    program = "dump"
    program_title = "`osbackup dump`, from a folder"
    destination = "folder"

    def prepare(self):
        super().prepare()
        self.configuration = self.source.backup.configure(self.destination)

    def command(self):
        return (self.bench.osbackup, "dump", f"latest:{self.wanted.path}", "--json", "--config", self.configuration)

    def inspect(self):
        # Before another run says something else.
        said = (self.bench.run / "command.output").read_text(errors="replace")
        return {**traffic.told_by_osbackup(said), **super().inspect()}


class OsbackupDumpOverFtp(OsbackupDump):
    program = "dump-ftp"
    program_title = "`osbackup dump`, over FTP"
    destination = "ftp"

    def make(self):
        self.log_begins = self.bench.server.log_bytes()
        return super().make()

    def what_was_read(self):
        return traffic.logged_by_server(self.bench.server.log_since(self.log_begins))


class OsbackupDumpOverSftp(OsbackupDump):
    program = "dump-sftp"
    program_title = "`osbackup dump`, over SFTP"
    destination = "sftp"

    def make(self):
        self.log_begins = self.bench.sftp_server.log_bytes()
        return super().make()

    def what_was_read(self):
        """The logins of this run, and once, since strace makes it slow, what went over the connection."""
        figures = traffic.logged_by_sshd(self.bench.sftp_server.log_since(self.log_begins))
        if not self.is_traced:
            self.is_traced = True
            texts = self.traced(traffic.SENDING_CALLS, self.command(), self.options())
            figures.update(traffic.sent_over(texts, self.bench.sftp_server.port))
        return figures


class ResticDump(Dumper):
    program = "restic-dump"
    program_title = "`restic dump`, local repository"

    def command(self):
        return ("restic", "dump", "latest", self.wanted.path)

    def options(self):
        return self.source.backup.options

    def on_a_fresh_machine(self):
        return (*self.command(), "--no-cache"), self.options()


class BorgDump(Dumper):
    program = "borg-dump"
    program_title = "`borg extract --stdout`, local repository"

    def command(self):
        return ("borg", "extract", "--stdout", f"{self.source.backup.repository}::bench", self.wanted.path.lstrip("/"))

    def options(self):
        return self.source.backup.options

    def on_a_fresh_machine(self):
        environment = {**self.options()["environment"], "BORG_BASE_DIR": str(self.bench.run / "fresh")}
        return self.command(), {"environment": environment}


def all_dumpers(bench, subject, sources, wanted):
    return [kind(bench, subject, source, file) for file in wanted
            for kind, source in ((OsbackupDump, sources.archive), (OsbackupDumpOverFtp, sources.archive),
                                 (OsbackupDumpOverSftp, sources.archive),
                                 (ResticDump, sources.restic), (BorgDump, sources.borg))]
