"""A place to run osbackup on an archive that means harm, and to see what it did to everything around its target."""

import fcntl
import functools
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent.parent / "golden" / "hostile"
sys.path.insert(0, str(LIBRARY))
import make  # noqa: E402
from case import KEPT, OUTSIDE, Case, Link  # noqa: E402, F401
from crafted import ARCHIVE_NAME  # noqa: E402

CASES = make.CASES
SECONDS_MAX = 10
MEMORY_BYTES_MAX = 200 << 20
ORDINARY_USER = "nobody"
THREADS = 2
KEPT_BYTES = b"what was here before\n"
CONTROL_BYTES = set(range(32)) - set(b"\n\t") | {127}


@functools.cache
def is_sanitized(program):
    """Whether the program watches itself, which takes its time and memory."""
    raw = Path(program).read_bytes()
    return b"__asan_init" in raw or b"__tsan_init" in raw


def state_of(path):
    """All that somebody could change of one object; the time of its last change tells of everything."""
    found = os.lstat(path)
    content = path.read_bytes() if stat.S_ISREG(found.st_mode) else b""
    return (found.st_ino, found.st_mode, found.st_nlink, found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns,
            found.st_ctime_ns, content)


def rights_of(path):
    found = os.stat(path)
    return found.st_mode, found.st_uid, found.st_gid


class Stage:
    """A folder with a destination, a target, and things beside the target that have to stay as they are.

    The same things are in OUTSIDE, which the archives name by its absolute path, so one stage is up at a time on a
    machine: others wait.
    """

    def __init__(self, programs, starter):
        self.starter = starter
        self.turn = open(os.fsdecode(OUTSIDE) + ".lock", "w")
        fcntl.flock(self.turn, fcntl.LOCK_EX)
        self.program = Path(programs) / "osbackup"
        self.is_sanitized = is_sanitized(self.program)
        self.scale = 10 if self.is_sanitized else 1
        self.folder = Path(tempfile.mkdtemp(prefix="osbackup-hostile-"))
        self.surroundings = self.folder / "surroundings"
        self.target = self.surroundings / "target"
        self.archives = self.folder / "archives"
        self.outside = Path(os.fsdecode(OUTSIDE))
        self.user = None
        for folder in (self.surroundings, self.archives):
            folder.mkdir()
        if self.outside.is_dir() and not self.outside.is_symlink() and self.outside.stat().st_uid == 0:
            shutil.rmtree(self.outside)  # Of a run that was killed.
        for folder in (self.outside, self.surroundings / "sentinel"):
            folder.mkdir()
            (folder / os.fsdecode(KEPT)).write_bytes(KEPT_BYTES)
        self.configuration = self.folder / "osbackup.conf"
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(
            f"[Storage]\nurl = file://{self.archives}\n\n[Run]\nhostname = web-1\nthreads = {THREADS}\n" +
            "".join(f"{key} = {self.folder / key}\n" for key in ("workdir", "logdir", "statedir")))

    def be(self, user):
        """Runs what follows as an ordinary user, who may write to the target alone."""
        self.user = pwd.getpwnam(user)
        self.folder.chmod(0o711)
        for path in (self.configuration, self.archives):
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return self

    def hold(self, raw):
        """Puts an archive into the destination, and makes a fresh target."""
        (self.archives / ARCHIVE_NAME).write_bytes(raw)
        if os.path.lexists(self.target):
            self.remove(self.target)
        self.target.mkdir()
        if self.user:
            os.chown(self.target, self.user.pw_uid, self.user.pw_gid)
        return self

    def surroundings_state(self):
        places = [self.surroundings, *self.surroundings.iterdir(), *(self.surroundings / "sentinel").iterdir(),
                  self.outside, *self.outside.iterdir()]
        return ({path: state_of(path) for path in places if path != self.target},
                {path: rights_of(path) for path in ("/", "/tmp", "/dev/null")})

    def run(self, *arguments):
        """Runs osbackup on the archive; whatever it was, nothing around the target may be another."""
        before = self.surroundings_state()
        command = [str(self.program), *arguments, "--config", str(self.configuration)]
        if self.user:
            command = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups",
                       *command]
        ended = self.starter.run(command, SECONDS_MAX * self.scale)
        assert not ended.was_killed, f"it takes more than {SECONDS_MAX * self.scale} s\n{ended.described()}"
        assert self.surroundings_state() == before, f"something outside of the target changed\n{ended.described()}"
        assert ended.memory_bytes < MEMORY_BYTES_MAX * self.scale, f"it takes too much memory\n{ended.described()}"
        assert not CONTROL_BYTES.intersection(ended.output), f"control bytes in {ended.output!r}"
        return ended

    @staticmethod
    def remove(*paths):
        """Whatever is there: directories of any depth, what is immutable, and what nobody may enter."""
        command = ["rm", "-rf", "--one-file-system", *paths]
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0:
            subprocess.run(["chattr", "-R", "-f", "-i", "-a", *paths], check=False, stderr=subprocess.DEVNULL)
            subprocess.run(command, check=True)

    def close(self):
        self.remove(self.folder, self.outside)
        self.turn.close()
