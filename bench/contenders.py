"""The programs that are compared: how each is set up, run, and cleaned up after."""

import copy
import json
import shlex
import shutil
from pathlib import Path

from measuring import Failed, measure
from target_disk import TargetDisk

DROP_CACHES = Path("/proc/sys/vm/drop_caches")
NATIVE_LEVELS = ("fast", "balanced", "best")


class Contender:
    """One way to do the work. prepare(), set_caches(), make(), upload(), stored_bytes(), inspect(), clear(): in this
    order, each run."""

    name = ""
    title = ""  # In the table.

    def __init__(self, bench, tree, cold=False):
        self.bench = bench  # Where things are: see Places.
        self.tree = tree
        self.directories = [str(path) for path in tree.directories]
        self.cold = cold

    def prepare(self):
        """What is not measured."""
        self.clear()
        self.bench.run.mkdir(parents=True)

    def set_caches(self):
        """Cold, or warm whoever ran before: Borg tells the kernel to forget what it has read."""
        if self.cold:
            DROP_CACHES.write_text("3\n")
        else:
            self.tree.read_once()

    def make(self):
        """Runs it and returns what was Used."""
        raise NotImplementedError

    def upload(self):
        """What a separate upload Used; None when there is none."""
        return None

    def stored(self):
        """The files of the backup."""
        raise NotImplementedError

    def stored_bytes(self):
        """The size of the backup."""
        return sum(path.stat().st_size for path in self.stored())

    def inspect(self):
        """Looks at what the run made, while it is there: throws Failed when it is not right, and returns figures that
        only this contender has."""
        return {}

    def clear(self):
        shutil.rmtree(self.bench.run, ignore_errors=True)

    def measure(self, *command, **options):
        return measure(command, self.bench.run, **options)


class Places:
    """Where the contenders find programs and room: the folder of a run, a disk to restore to, which is mounted there,
    the programs, the FTP server, and of restores an SFTP server of the same folder."""

    def __init__(self, folder, programs, server):
        self.folder = Path(folder)
        self.run = self.folder / "run"
        self.disk = TargetDisk(self.folder / "disk", self.run)
        self.osbackup = Path(programs) / "bin" / "osbackup"
        self.floor = Path(programs) / "bench" / "bench_floor"
        self.server = server
        self.sftp_server = None  # Only restores have one.

    def with_run_in(self, folder):
        """The same, for what is to stay when other runs are cleared."""
        places = copy.copy(self)
        places.run = folder
        return places

    def destinations(self):
        """The sections of a configuration for each kind of destination, by name. They all lead to the same folder."""
        server, sftp = self.server, self.sftp_server
        found = {
            "ftp": {"Ftp": {"host": "127.0.0.1", "port": server.port, "user": server.user,
                            "password": server.password, "timeout": "600s", "retries": 0}},
            "folder": {"Storage": {"url": f"file://{server.root}"}},
        }
        if sftp:
            found["sftp"] = {"Ftp": {"protocol": "sftp", "host": "127.0.0.1", "port": sftp.port, "user": sftp.user,
                                     "private_key": sftp.private_key, "known_hosts": sftp.known_hosts,
                                     "timeout": "600s", "retries": 0}}
        return found


class Uploader(Contender):
    """Its backup goes to the FTP server."""

    def stored(self):
        return self.bench.server.stored()

    def clear(self):
        super().clear()
        self.bench.server.clear()


class Osbackup(Uploader):
    """osbackup to FTP: archive, upload, read-back and all."""

    accepted = (0,)

    def __init__(self, bench, tree, cold=False, level=None):
        super().__init__(bench, tree, cold)
        self.archive = {"engine": "native", "compression": level} if level else {"engine": "commands"}
        self.name = level or "commands"
        self.title = f"osbackup `{level}`" if level else "osbackup `engine = commands`"
        self.exit_code = None

    def prepare(self):
        super().prepare()
        self.configuration = self.configure("ftp")

    def configure(self, destination):
        """Writes a configuration for one of the destinations, and returns its path."""
        sections = {
            **self.bench.destinations()[destination],
            "BackupDirs": {"directory": ",".join(self.directories)},
            "Archive": self.archive,
            "Run": {"workdir": self.bench.run / "work", "logdir": self.bench.run / "log",
                    "statedir": self.bench.run / "state", "hostname": "bench", "ip": "127.0.0.1"},
        }
        text = "".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
                       for section, keys in sections.items())
        configuration = self.bench.run / f"osbackup-{destination}.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(text)
        return configuration

    def make(self):
        used = self.measure(self.bench.osbackup, "backup", "--quiet", "--config", self.configuration,
                            accepted=self.accepted)
        self.exit_code = used.exit_code
        return used

    def stored(self):
        stored = super().stored()
        if len(stored) != 1 or stored[0].suffix != ".zip":
            raise Failed(f"osbackup left {[path.name for path in stored]} on the server, not one archive")
        return stored


class TarAndZip(Uploader):
    """What a script would do: a .tar.gz for each directory one after another, a zip of them, an upload."""

    def __init__(self, bench, tree, cold=False, compressor="gzip"):
        super().__init__(bench, tree, cold)
        self.compressor = compressor
        self.name = compressor
        self.title = {"gzip": "`tar -czf`, `zip -0`, `curl`"}.get(
            compressor, f"`tar -I {compressor} -cf`, `zip -0`, `curl`")

    def make(self):
        how = "-z" if self.compressor == "gzip" else f"-I {self.compressor}"
        script = ["set -e"]
        for directory in map(Path, self.directories):
            script.append(f"tar {how} -cf {shlex.quote(directory.name + '.tar.gz')} "
                          f"-C {shlex.quote(str(directory.parent))} {shlex.quote(directory.name)}")
        script.append("zip -0 -q archive.zip *.tar.gz")
        return self.measure("/bin/sh", "-c", "\n".join(script))

    def upload(self):
        # The login from a file: a command line is open to everybody.
        login = self.bench.run / "netrc"
        login.touch(mode=0o600)
        login.write_text(f"machine 127.0.0.1 login {self.bench.server.user} password {self.bench.server.password}\n")
        return self.measure("curl", "--silent", "--show-error", "--netrc-file", login, "--upload-file", "archive.zip",
                            f"ftp://127.0.0.1:{self.bench.server.port}/")


class Repository(Contender):
    """A program with a repository of its own: the first backup into a fresh one, on the local disk."""

    def __init__(self, bench, tree, cold=False):
        super().__init__(bench, tree, cold)
        self.repository = self.bench.run / "repository"

    def stored(self):
        return [path for path in self.repository.rglob("*") if path.is_file()]


class Restic(Repository):
    name = "restic"
    title = "restic, local repository"

    def prepare(self):
        super().prepare()
        self.options = {"environment": {"RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": str(self.repository),
                                        "RESTIC_CACHE_DIR": str(self.bench.run / "cache")}}
        self.measure("restic", "init", "--quiet", "--repository-version", "2", **self.options)

    def make(self):
        return self.measure("restic", "backup", "--quiet", *self.directories, **self.options)


class Borg(Repository):
    name = "borg"
    title = "Borg, local repository"

    def prepare(self):
        super().prepare()
        self.options = {"environment": {"BORG_BASE_DIR": str(self.bench.run / "base"),
                                        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}}
        self.measure("borg", "init", "--encryption", "none", self.repository, **self.options)

    def make(self):
        return self.measure("borg", "create", f"{self.repository}::bench", *self.directories, **self.options)


class Floor(Contender):
    """bench/floor.cpp: the bare work, nothing kept."""

    name = "floor"
    title = "the bare work"

    def make(self):
        return self.measure(self.bench.floor, *self.directories)

    def stored_bytes(self):
        return json.loads((self.bench.run / "command.output").read_text().splitlines()[-1])["deflated_bytes"]


def warm_contenders(bench, tree):
    return [
        Floor(bench, tree),
        *(Osbackup(bench, tree, level=level) for level in NATIVE_LEVELS),
        Osbackup(bench, tree),
        TarAndZip(bench, tree),
        TarAndZip(bench, tree, compressor="pigz"),
        Restic(bench, tree),
        Borg(bench, tree),
    ]


def cold_contenders(bench, tree):
    return [Osbackup(bench, tree, cold=True, level="balanced"), Restic(bench, tree, cold=True),
            Borg(bench, tree, cold=True)]
