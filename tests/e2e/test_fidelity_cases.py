"""Single files and trees that random ones (test_fidelity.py) do not have: very large, very deep, damaged, in motion."""

import os
import random
import re
import shutil
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from support_host import Host, HostInRoot
from support_restore import differences, found_in, restore_with_bsdtar, restore_with_gnu_tar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reader"))
from archive_check import verify  # noqa: E402
from archive_reader import Archive, raw_text  # noqa: E402

GIB = 1 << 30
LARGE_BYTES = 8 * GIB + 4096
LARGE_SHA256 = "ce6662f5ed9fc4522f43d7e552f7ffd120cbe727d70c3e8ce81860f573dd0ad1"  # As sha256sum printed it.
SEED = 20261125


@pytest.fixture
def local(programs, tmp_path):
    """A host without servers: its destination is a folder."""
    host = Host(programs, tmp_path / "host", SimpleNamespace(port=21, user="nobody", password="none"))
    host.drop("Ftp")
    host.configure("Storage", url=f"file://{tmp_path}/kept")
    yield host
    shutil.rmtree(host.source)  # pytest cannot remove paths as long as some here.


@pytest.fixture
def back(tmp_path):
    """Where to restore to."""
    (tmp_path / "back").mkdir()
    return tmp_path / "back"


def newest(host):
    return max((host.folder.parent / "kept").iterdir())


def paths_of(host, *names):
    return [os.fsencode(host.source)[1:] + b"/" + os.fsencode(name) for name in names]


def backup_while_calls_fail(host, path, calls, result="error=EIO"):
    """Runs osbackup while these system calls have this result, as on a damaged disk, for one path; its exit code."""
    return subprocess.run(["strace", "-f", "-o", host.folder / "trace", "-P", path, "-P", path.name,
                           "-e", "trace=openat,preadv2,pread64,readlinkat", "-e", f"inject={calls}:{result}",
                           *host.command("backup", "--quiet")],
                          # Under strace the leak check, which is part of some builds, cannot work.
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, stdin=subprocess.DEVNULL,
                          capture_output=True).returncode


def test_a_file_over_8_gib_comes_back_with_its_holes(local, back):
    file = local.source / "large"
    pieces = {0: b"begin", 4 * GIB - 1: b"across 4 GiB", 8 * GIB + 5: b"behind 8 GiB"}
    with open(file, "xb") as out:
        for offset, text in pieces.items():
            out.seek(offset)
            out.write(text)
        out.truncate(LARGE_BYTES)

    local.run("backup", expect=0)

    (path,) = paths_of(local, "large")
    line = Archive(newest(local)).find(path)
    assert (line["size"], line["sha256"]) == (LARGE_BYTES, LARGE_SHA256)
    for restore in (restore_with_gnu_tar, restore_with_bsdtar):
        assert restore(newest(local), back, os.environ) == []
        restored = Path(os.fsdecode(os.path.join(os.fsencode(back), path)))
        assert restored.stat().st_size == LARGE_BYTES and restored.stat().st_blocks <= file.stat().st_blocks
        with open(restored, "rb") as found:
            for offset, text in pieces.items():
                assert os.pread(found.fileno(), len(text) + 1, offset) == text + b"\0"
        restored.unlink()


def test_more_holes_than_the_format_has_extents_come_back_as_content(local, back):
    with open(local.source / "holes", "xb") as out:
        for number in range(5000):
            out.seek(number * 8192)
            out.write(b"%d" % number)

    local.run("backup", expect=0)

    verify(Archive(newest(local)))
    below = str(local.source)[1:]
    assert restore_with_gnu_tar(newest(local), back, os.environ) == []
    assert differences(found_in("/", below), found_in(back, below)) == []


def test_paths_over_4095_bytes_are_stored_and_hinder_no_program(local, back):
    names = [b"%03d" % number + b"d" * 250 for number in range(20)]
    (local.source / "zz behind").write_bytes(b"behind")
    before = os.open(local.source, os.O_RDONLY)
    for name in names:
        os.mkdir(name, dir_fd=before)
        inside = os.open(name, os.O_RDONLY, dir_fd=before)
        os.close(before)
        before = inside
    with open(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=before), "wb") as file:
        file.write(b"deep down")
    os.close(before)

    local.run("backup", expect=0)

    archive = Archive(newest(local))
    (deep,) = paths_of(local, b"/".join(names) + b"/file")
    assert verify(archive) == len(names) + 4
    assert archive.read(deep).content() == b"deep down"
    complaints = restore_with_gnu_tar(newest(local), back, os.environ)
    usual = b"File name too long$|^tar: Exiting with failure status due to previous errors$"
    assert complaints[-1] == "exit code 2" and [line for line in complaints[:-1] if not re.search(usual, line)] == []
    (behind,) = paths_of(local, "zz behind")
    assert Path(os.fsdecode(os.path.join(os.fsencode(back), behind))).read_bytes() == b"behind"


@pytest.mark.parametrize("calls", ["openat", "preadv2,pread64"])
def test_other_names_of_a_file_that_cannot_be_read_come_back(local, back, calls):
    (local.source / "first name").write_bytes(b"content")
    os.link(local.source / "first name", local.source / "second name")

    assert backup_while_calls_fail(local, local.source / "first name", calls) == 3

    archive = Archive(newest(local))
    verify(archive)
    assert [raw_text(warning, "path") for warning in archive.warnings()] == paths_of(local, "first name")
    assert restore_with_gnu_tar(newest(local), back, os.environ) == []
    (second,) = paths_of(local, "second name")
    assert Path(os.fsdecode(os.path.join(os.fsencode(back), second))).read_bytes() == (
        b"content" if calls == "openat" else bytes(7))


def test_a_link_that_leads_nowhere_at_all_is_left_out_and_named(local):
    (local.source / "link").symlink_to("target")

    assert backup_while_calls_fail(local, local.source / "link", "readlinkat", "retval=0") == 3

    archive = Archive(newest(local))
    verify(archive)
    (warning,) = archive.warnings()
    assert raw_text(warning, "path") == paths_of(local, "link")[0]
    assert warning["reason"] == "the link cannot be read: No data available"
    assert archive.find(paths_of(local, "link")[0]) is None


def test_attributes_that_no_tar_can_hold_are_left_out_and_named(local, back):
    for name in (b"user.a=b", b"user.a%3Db", b"user.kept"):
        os.setxattr(local.source / "hello.txt", name, b"value")

    local.run("backup", expect=0)

    verify(Archive(newest(local)))
    assert [warning["reason"].split(" ")[3] for warning in Archive(newest(local)).warnings()] == [
        "user.a%3Db", "user.a=b"]
    assert restore_with_gnu_tar(newest(local), back, os.environ) == []
    assert os.listxattr(back / str(local.source)[1:] / "hello.txt") == ["user.kept"]


class Commotion:
    """Files of a folder that change, shrink, grow, vanish, and turn into FIFOs and links until the block ends."""

    def __init__(self, folder, secret):
        self.folder, self.secret = folder, secret
        self.chance = random.Random(SEED)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.go_on)
        for number in range(30):
            self.replace(number, self.write)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def go_on(self):
        while not self.over.is_set():
            number = self.chance.randrange(30)
            path = self.folder / str(number)
            change = self.chance.choice((self.write, self.write, os.mkfifo, self.link, "vanish", "resize", "resize"))
            if change == "vanish":
                path.unlink(missing_ok=True)
            elif change != "resize":
                self.replace(number, change)
            elif path.is_file() and not path.is_symlink():
                os.truncate(path, self.chance.randrange(4 << 20))

    def write(self, path):
        path.write_bytes(self.chance.randbytes(1000) * self.chance.choice((1, 900, 3000)))

    def link(self, path):
        os.symlink(self.secret, path)

    def replace(self, number, make):
        fresh = self.folder / "fresh"
        make(fresh)
        fresh.rename(self.folder / str(number))


def test_a_tree_in_motion_makes_a_sound_archive(local, back, tmp_path):
    """Whatever happens to files while they are read, the archive agrees with itself and everything else comes back."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"only links lead here")
    moving = local.source / "moving"
    moving.mkdir()
    for number in range(20):
        (local.source / f"still {number}").write_bytes(b"still" * number * 1000)
    before = {path: found for path, found in found_in("/", str(local.source)[1:]).items() if b"/moving" not in path}

    reasons = set()
    for _ in range(10):  # On a busy machine nothing may happen in the right moment.
        with Commotion(moving, secret):
            # Each read takes 10 ms longer, so that something happens meanwhile.
            done = subprocess.run(["strace", "-f", "-o", "/dev/null", "-e", "trace=preadv2",
                                   "-e", "inject=preadv2:delay_exit=10000", *local.command("backup", "--quiet")],
                                  env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, stdin=subprocess.DEVNULL,
                                  capture_output=True)
        assert done.returncode in (0, 3), done.stderr
        archive = Archive(newest(local))
        verify(archive)
        reasons = {re.sub(":.*", "", warning["reason"]) for warning in archive.warnings()}
        if reasons:
            break
    assert reasons and reasons <= {
        "vanished before it was read", "was replaced before it was read", "was replaced by a link before it was read",
        "the link cannot be read",
        "changed while it was read", "became shorter while it was read; the rest is zeros"}, f"seed {SEED}"
    assert restore_with_gnu_tar(newest(local), back, os.environ) == []
    restored = found_in(back, str(local.source)[1:])
    assert differences(before, {path: found for path, found in restored.items() if b"/moving" not in path}) == []
    assert not any(found.kind == "f" and found.size == len(secret.read_bytes()) for found in restored.values())


def test_the_root_of_the_file_system_is_backed_up_and_comes_back(programs, tmp_path, back):
    root = tmp_path / "root"
    host = HostInRoot(programs, root, SimpleNamespace(port=21, user="nobody", password="none"))
    host.drop("Ftp")
    (root / "kept").mkdir()
    host.configure("Storage", url="file:///kept")
    above = [host.source, host.folder, root]
    outside = [host.log] + [path for folder in above[1:] for path in folder.iterdir() if path not in above]
    host.configure("BackupDirs", directory="/")
    host.configure_text(host.configuration.read_text().replace("[BackupDirs]\n", "[BackupDirs]\n" + "".join(
        f"exclude = \"/{path.relative_to(root)}\"\n" for path in outside)))

    host.run("backup", expect=0)

    (kept,) = (root / "kept").iterdir()
    archive = Archive(kept)
    assert verify(archive) == len(above) + 1
    assert zipfile.ZipFile(kept).namelist()[0] == "%2F.tar.gz"
    assert archive.find(b".")["mode"] == f"{stat.S_IMODE(root.stat().st_mode):04o}"
    assert restore_with_gnu_tar(kept, back, os.environ) == []
    assert (back / "host/source/hello.txt").read_text() == "hello\n"
    assert back.stat().st_mtime_ns == root.stat().st_mtime_ns
