"""Random trees go to an FTP server, are lost, and come back by osbackup restore: all of them, wherever they go.

OSBACKUP_ROUND_TRIPS=50 makes more trees; OSBACKUP_ROUND_TRIP_SEED=7 begins with that seed. The seed of a tree stands in
the names of its tests. OSBACKUP_KILLS=200 stops each restore more often.
"""

import grp
import json
import math
import os
import pwd
import random
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from support_ftp import FtpServer
from support_host import Host, HostInRoot
from support_restore import differences, flags_of, found_in
from support_tree import RandomTree, remove_tree

TREES = int(os.environ.get("OSBACKUP_ROUND_TRIPS", "2"))
FIRST_SEED = int(os.environ.get("OSBACKUP_ROUND_TRIP_SEED", "20261126"))
COMPRESSIONS = ("fast", "balanced", "best")
STOPS = int(os.environ.get("OSBACKUP_KILLS", "6"))
TEMPORARY_NAME = re.compile(r"\.osbackup-[0-9a-f]{8}-[0-9]+")
SMALLEST_HOLE_BYTES = 4096
OBJECTS = ("files", "symlinks", "hardlinks", "fifos", "devices")
NO_CHANGES = dict.fromkeys((*OBJECTS, "content_bytes", "replaced", "kept", "failed", "refused", "damaged"), 0)
AS_ORDINARY_USER = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


class Lost:
    """A host whose directories are at the FTP server, and nowhere else any more."""

    def __init__(self, programs, folder, ftp_server, seed, compression):
        self.seed = seed
        self.ftp_server = ftp_server
        self.host = Host(programs, folder / "host", ftp_server)
        self.host.configure("Archive", compression=compression)
        self.directories = [self.host.source, self.host.folder / "and 100% another's [things]*",
                            self.host.folder / "empty"]
        for directory in self.directories[1:]:
            directory.mkdir()
        for directory, mode, owner in zip(self.directories, (0o2750, 0o700, 0o1777), (1, 2_097_152, 65_534)):
            os.chown(directory, owner, owner)
            directory.chmod(mode)
        (self.directories[1] / "in the other").write_bytes(b"one")
        os.link(self.directories[1] / "in the other", self.host.source / "across directories")
        self.tree = RandomTree(self.host.source, seed)
        self.tree.protect()
        self.host.configure("BackupDirs", directory=",".join(map(str, self.directories)))
        self.below = [str(directory)[1:] for directory in self.directories]
        self.found = found_in("/", *self.below, with_folders=True)
        self.flags = flags_of("/", self.found)
        self.host.run("backup", expect=0)
        for directory in self.directories:
            remove_tree(directory)

    def restore(self, target, *options, expect=0):
        """Its summary."""
        _, out, _ = self.host.run("restore", "latest", "--target", str(target), "--json", *options, expect=expect)
        return json.loads(out.splitlines()[-1])

    def expect_all_in(self, target):
        found = found_in(target, *self.below, with_folders=True)
        assert differences(self.found, found) == [], f"seed {self.seed}"
        assert flags_of(target, found) == self.flags, f"seed {self.seed}"
        for path, each in found.items():
            assert each.blocks <= self.found[path].blocks + SMALLEST_HOLE_BYTES // 512, f"seed {self.seed}: {path}"


@pytest.fixture(scope="module", params=[pytest.param((FIRST_SEED + number, COMPRESSIONS[number % 3]),
                                                     id=f"{FIRST_SEED + number}-{COMPRESSIONS[number % 3]}")
                                        for number in range(TREES)])
def lost(request, programs, tmp_path_factory):
    ftp_server = FtpServer()
    folder = tmp_path_factory.mktemp("lost")
    try:
        yield Lost(programs, folder, ftp_server.start(), *request.param)
    finally:
        ftp_server.remove()
        remove_tree(folder)


@pytest.fixture
def target(tmp_path):
    yield tmp_path / "target"
    remove_tree(tmp_path / "target")


# --- everything comes back


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_a_lost_tree_comes_back_with_everything(lost, target, threads):
    lost.host.configure("Run", threads=threads)

    summary = lost.restore(target)

    lost.expect_all_in(target)
    assert summary["complete"] and summary["not_set"] == {}


def test_a_lost_tree_comes_back_in_its_place(programs, tmp_path, ftp_server):
    root = tmp_path / "root"
    host = HostInRoot(programs, root, ftp_server)
    for folder in ("etc/default", "srv/data", "usr/lib/kept"):
        (root / folder).mkdir(parents=True)
    for file in ("etc/hosts", "etc/default/locale", "etc/mode", "usr/lib/kept/file"):
        (root / file).write_text(file)
    os.symlink("lib/kept", root / "usr/kept")
    RandomTree(root / "srv/data", FIRST_SEED).protect()
    host.configure("BackupDirs", directory="/etc,/srv/data")
    host.configure("Archive", compression="best")
    below = ("etc", "srv/data")
    found = found_in(root, *below, with_folders=True)
    flags = flags_of(root, found)
    usr = found_in(root, "usr", with_folders=True)
    try:
        host.run("backup", expect=0)
        remove_tree(root / "srv")
        (root / "etc/hosts").unlink()
        (root / "etc/default/locale").write_text("another")
        (root / "etc/mode").chmod(0o600)

        host.run("restore", "latest", "--target", "/", expect=0)

        restored = found_in(root, *below, with_folders=True)
        assert differences(found, restored) == [] and flags_of(root, restored) == flags
        assert differences(usr, found_in(root, "usr", with_folders=True)) == []
    finally:
        remove_tree(root / "srv")


def test_an_ordinary_user_gets_all_that_he_may_have(lost):
    folder = lost.ftp_server.folder / "own"  # Below pytest's folder only root may look.
    folder.mkdir()
    own = folder / "own.conf"
    shutil.copy(lost.host.configuration, own)
    for path in (folder, own):
        shutil.chown(path, "nobody", "nogroup")
    command = [*AS_ORDINARY_USER, lost.host.program, "restore", "latest", "--target", folder / "target", "--config"]

    done = subprocess.run([*command, own], capture_output=True, text=True, errors="replace", timeout=60)

    restored = found_in(folder / "target", *lost.below, with_folders=True)
    remove_tree(folder)
    devices = {path for path, found in lost.found.items() if found.kind in "bc"}
    expected = {path: as_user_restores(found) for path, found in lost.found.items() if path not in devices}
    assert done.returncode == 3, done.stderr  # Because of the devices.
    assert differences(expected, {path: as_user_restores(found) for path, found in restored.items()}) == []
    assert {found.owner for found in restored.values()} == {(pwd.getpwnam("nobody").pw_uid,
                                                             grp.getgrnam("nogroup").gr_gid)}
    for what in ("the owner", "the group", "the extended attribute security.capability", "the inode flag i"):
        assert done.stderr.count(f"{what} cannot be set") == 1, what
    reasons = ("cannot be made: Operation not permitted", "the content that it is a hard link to could not be restored")
    assert sum(map(done.stderr.count, reasons)) == len(devices)


def as_user_restores(found):
    """Without what root alone may give."""
    attributes = [each for each in found.attributes.split(",") if each.startswith(("user.", "system.posix_acl"))]
    return replace(found, owner=(), mode=int(found.mode, 8) & 0o777, attributes=attributes)


# --- a second time


def state_of(target, paths):
    """What changes whenever something is done to an object. Of directories, entries made and removed again too."""
    status = {path: os.lstat(os.path.join(os.fsencode(target), path)) for path in paths}
    return {path: (each.st_ino, each.st_ctime_ns) for path, each in status.items()}


def set_protection(lost, target, sign):
    """Takes the flags that forbid changes (-), or gives them back (+)."""
    for path, letters in lost.flags.items():
        for letter in {"a", "i"}.intersection(letters):
            subprocess.run(["chattr", sign + letter, os.path.join(os.fsencode(target), path)], check=True)


def meddle(lost, target):
    """Changes, removes and replaces some of what was restored; returns the paths of each."""
    chance = random.Random(lost.seed)
    set_protection(lost, target, "-")
    candidates = sorted(path for path, found in lost.found.items() if found.kind != "d" and len(found.names) == 1 and
                        not {path, os.path.dirname(path)} & lost.flags.keys())
    chosen = chance.sample(candidates, 60)
    for number, path in enumerate(chosen):
        place = os.path.join(os.fsencode(target), path)
        os.unlink(place)
        if number < 40:
            (os.mkdir if number % 4 == 3 else os.mkfifo if number % 4 == 2 else Path.touch)(Path(os.fsdecode(place)))
    return chosen[:40], chosen[40:]


def test_a_second_restore_of_what_changed_writes_nothing(lost, target):
    first = lost.restore(target)
    before = state_of(target, lost.found)

    second = lost.restore(target, "--overwrite", "if-changed")

    assert {key: second[key] for key in NO_CHANGES} == NO_CHANGES and second["not_set"] == {}
    assert second["unchanged"] == sum(first[key] for key in OBJECTS)
    after = state_of(target, lost.found)
    changed = {path for path in before if before[path] != after[path]}
    assert {path for path in changed if lost.found[path].kind != "d"} == set()
    lost.expect_all_in(target)


@pytest.mark.parametrize("overwrite", ["always", "if-changed"])
def test_a_second_restore_puts_right_what_was_changed(lost, target, overwrite):
    lost.restore(target)
    changed, removed = meddle(lost, target)
    if overwrite == "if-changed":
        set_protection(lost, target, "+")  # What is as it was is not touched.

    summary = lost.restore(target, "--overwrite", overwrite)

    lost.expect_all_in(target)
    if overwrite == "if-changed":
        assert summary["replaced"] == len(changed)
        assert sum(summary[key] for key in OBJECTS) == len(changed) + len(removed)


def test_a_second_restore_leaves_all_that_is_there_when_told_so(lost, target):
    lost.restore(target)
    changed, removed = meddle(lost, target)
    before = state_of(target, lost.found.keys() - set(removed))

    summary = lost.restore(target, "--overwrite", "never")

    after = state_of(target, lost.found)
    assert {path for path in before if before[path] != after[path] and lost.found[path].kind != "d"} == set()
    restored = found_in(target, *lost.below)
    assert differences({path: lost.found[path] for path in removed}, {path: restored[path] for path in removed}) == []
    assert summary["kept"] == len(lost.found) - len(removed) and summary["replaced"] == 0


# --- interrupted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restore_that_was_stopped_is_completed_by_the_next(lost, target, number):
    began = time.monotonic()
    lost.restore(target)
    duration = time.monotonic() - began
    remove_tree(target)
    chance = random.Random(lost.seed)
    codes = set()

    for _ in range(STOPS):
        running = lost.host.start("restore", "latest", "--target", str(target), "--overwrite", "if-changed")
        try:
            running.communicate(timeout=chance.uniform(0, duration))
        except subprocess.TimeoutExpired:
            running.send_signal(number)
            running.communicate(timeout=60)
        codes.add(running.returncode)
    lost.restore(target, "--overwrite", "if-changed")

    # By the signal itself, too: before the program has begun to listen for it.
    assert codes <= {0, -number} | ({128 + number} if number == signal.SIGTERM else set()), f"seed {lost.seed}"
    remains = [os.path.join(folder, name) for folder, _, names in os.walk(target) for name in names
               if TEMPORARY_NAME.fullmatch(name)]
    assert number == signal.SIGKILL or remains == []
    for path in remains:  # Of a file that was in the place of another: docs/restore.md, "What is there already".
        status = os.stat(os.path.dirname(path))
        os.unlink(path)
        os.utime(os.path.dirname(path), ns=(status.st_atime_ns, status.st_mtime_ns))
    lost.expect_all_in(target)


# --- archives without an index


def test_an_archive_of_the_commands_engine_comes_back(programs, tmp_path, ftp_server, target):
    host = Host(programs, tmp_path / "host", ftp_server)
    host.configure("Archive", engine="commands")
    RandomTree(host.source, FIRST_SEED)
    below = str(host.source)[1:]
    found = found_in("/", below, with_folders=True)
    host.run("backup", expect=0)
    remove_tree(host.source)

    _, _, said = host.run("restore", "latest", "--target", str(target), expect=0)

    assert " has no index: its tars are gone through in sequence" in said
    restored = found_in(target, below, with_folders=True)
    assert differences(as_gnu_tar_keeps(found, "pax"), as_gnu_tar_keeps(restored, "pax")) == []


@pytest.mark.parametrize("tar_format", ["pax", "gnu"])
def test_an_archive_made_by_hand_comes_back(programs, tmp_path, ftp_server, target, tar_format):
    host = Host(programs, tmp_path / "host", ftp_server)
    RandomTree(host.source, FIRST_SEED)
    below = str(host.source)[1:]
    found = found_in("/", below, with_folders=True)
    options = ["--xattrs", "--xattrs-include=*", "--acls", "--sparse"] if tar_format == "pax" else ["--sparse"]
    subprocess.run(["tar", f"--format={tar_format}", *options, "-C", "/", "-czf", tmp_path / "1.tar.gz", below],
                   check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["zip", "-q", "-0", "-j", "made.zip", "1.tar.gz"], cwd=tmp_path, check=True)
    host.run("backup", expect=0)
    (archive,) = host.archives()
    shutil.copyfile(tmp_path / "made.zip", archive)
    remove_tree(host.source)

    host.run("restore", "latest", "--target", str(target), expect=0)

    restored = found_in(target, below, with_folders=True)
    assert differences(as_gnu_tar_keeps(found, tar_format), as_gnu_tar_keeps(restored, tar_format)) == []


def as_gnu_tar_keeps(tree, tar_format):
    """Without other names of devices and FIFOs; in its old format also without attributes and parts of a second."""
    kept = {path: replace(found, names=() if found.kind in "bcp" else found.names) for path, found in tree.items()}
    if tar_format == "gnu":
        kept = {path: replace(found, attributes="-", mtime=str(math.floor(Decimal(found.mtime))))
                for path, found in kept.items()}
    return kept
