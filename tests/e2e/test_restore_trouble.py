"""osbackup restore when something goes wrong: its target, its connection, or somebody at work in the target."""

import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from support_host import Host
from support_proxy import FtpCuttingProxy
from support_restore import differences, found_in

MB = 1_000_000
FOLDERS = 8
LARGE_BYTES = 2_500_000  # Of more than one piece of the archive.
SMALL_FILES = 40
FOLDERS_IN_COMMOTION = 200
ROUNDS_OF_COMMOTION_MIN = 2000
COMMOTION_SECONDS_MAX = 60


@pytest.fixture
def host(programs, tmp_path, ftp_server):
    """A host that reports to nobody, with an archive of 20 MB that no compression makes smaller."""
    host = Host(programs, tmp_path / "host", ftp_server)
    for number in range(FOLDERS):
        (host.source / f"folder {number}").mkdir()
        (host.source / f"folder {number}" / "large").write_bytes(os.urandom(LARGE_BYTES))
    for number in range(SMALL_FILES):
        folder = host.source / f"folder {number % FOLDERS}"
        (folder / f"small {number}").write_text(str(number))
        os.symlink(f"small {number}", folder / f"link {number}")
    host.run("backup", expect=0)
    return host


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    yield folder
    while subprocess.run(["umount", "-q", folder], check=False).returncode == 0:
        pass  # There was one more.


def mount(target, *options):
    subprocess.run(["mount", *options, target], check=True)


def source_of(host):
    return found_in(host.folder, "source", with_folders=True)


def restored_in(host, target):
    place = target / str(host.folder)[1:]
    return found_in(place, "source", with_folders=True) if place.exists() else {}


def expect_nothing_half_done(host, target):
    """Whatever has the archive's time is whole: --overwrite if-changed may leave it."""
    source = source_of(host)
    for path, found in restored_in(host, target).items():
        if found.kind == "f" and path in source and found.mtime == source[path].mtime:
            assert (found.size, found.digest) == (source[path].size, source[path].digest), path


def expect_completed(host, target):
    """By a restore of what is still missing."""
    _, out, _ = host.run("restore", "latest", "--target", str(target), "--overwrite", "if-changed", "--json", expect=0)
    assert differences(source_of(host), restored_in(host, target)) == []
    return json.loads(out.splitlines()[-1])


def restore(host, target, *options, expect):
    """Its summary, and what it said."""
    _, out, said = host.run("restore", "latest", "--target", str(target), "--json", *options, expect=expect)
    messages = [json.loads(line) for line in out.splitlines()]
    return messages[-1], said + "".join(message.get("message", "") for message in messages)


# --- the target


@pytest.mark.parametrize("below", ["", "further/down"])
def test_a_file_is_no_target(host, tmp_path, below):
    file = tmp_path / "file"
    file.write_text("mine")

    _, said = restore(host, file / below, expect=2)

    assert f"the target {file / below} is a file, or lies below one" in said
    assert file.read_text() == "mine"


def test_a_full_target_ends_with_13_and_is_completed_when_there_is_room(host, target):
    mount(target, "-t", "tmpfs", "-o", "size=7m", "none")
    beside = found_in(target.parent, "host")

    summary, said = restore(host, target, expect=13)

    assert f"osbackup: {target}: " in said and "No space left on device; when there is room" in said
    assert not summary["complete"] and 0 < summary["files"] < SMALL_FILES + FOLDERS
    assert {path for path in found_in(target.parent, "host").keys() ^ beside.keys()} == set()
    expect_nothing_half_done(host, target)
    mount(target, "-o", "remount,size=80m")
    assert expect_completed(host, target)["unchanged"] > 0


def test_a_target_without_room_for_names_ends_with_13(host, target):
    mount(target, "-t", "tmpfs", "-o", "size=80m,nr_inodes=60", "none")

    _, said = restore(host, target, expect=13)

    assert f"osbackup: {target}: " in said and "No space left on device; when there is room" in said
    expect_nothing_half_done(host, target)


def test_a_target_that_cannot_be_written_to_is_named(host, target):
    mount(target, "--bind", target)
    mount(target, "-o", "remount,bind,ro")

    _, said = restore(host, target, expect=1)

    assert f"write to the target {target}: Read-only file system" in said
    assert list(target.iterdir()) == []


def test_files_larger_than_the_process_may_write_are_named_and_the_others_come(host, target):
    command = host.command("restore", "latest", "--target", target)

    done = subprocess.run(["prlimit", f"--fsize={LARGE_BYTES - 1}", *command], capture_output=True, text=True,
                          timeout=60)

    assert done.returncode == 3, done.stderr
    assert done.stderr.count("/large: cannot be written: File too large") == FOLDERS, done.stderr
    assert sum(found.kind == "f" for found in restored_in(host, target).values()) == SMALL_FILES + 1
    expect_nothing_half_done(host, target)


# --- the connection


def test_a_restore_over_a_connection_that_breaks_goes_on_where_it_was(host, target, ftp_server):
    (archive,) = host.archives()
    with FtpCuttingProxy(ftp_server.port, [4 * MB, 9 * MB, 14 * MB]) as proxy:
        host.configure("Ftp", port=proxy.port, retries=1)

        summary, said = restore(host, target, "-v", expect=0)

    assert proxy.cuts_made == 3
    assert differences(source_of(host), restored_in(host, target)) == []
    assert summary["bytes_fetched"] < archive.stat().st_size + MB
    offsets = [int(offset) for offset in re.findall(r'"REST (\d+)"', ftp_server.log())]
    assert offsets[-3:] == sorted(set(offsets[-3:])) and offsets[-3] > 0, offsets


def test_a_server_that_is_gone_ends_a_restore_which_can_be_completed_later(host, target, ftp_server):
    with FtpCuttingProxy(ftp_server.port, [int(7.3 * MB)], for_good=True) as proxy:
        host.configure("Ftp", port=proxy.port, retries=1)

        summary, said = restore(host, target, expect=1)

    assert not summary["complete"]
    assert f"127.0.0.1 port {proxy.port}" in said
    expect_nothing_half_done(host, target)
    assert not list(target.rglob(".osbackup*"))
    host.configure("Ftp", port=ftp_server.port)
    assert expect_completed(host, target)["unchanged"] == summary["files"] + summary["symlinks"] > 0


# --- somebody at work in the target


class Commotion:
    """Folders that are moved aside, replaced by links to others outside, and put back or not, in a loop."""

    def __init__(self, place, outside):
        self.place, self.outside = place, outside
        self.rounds = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.go_on)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def go_on(self):
        while not self.over.is_set():
            for folder in [path.name for path in self.outside.iterdir()]:
                self.replace(folder)

    def replace(self, name):
        folder, aside = self.place / name, self.place / f"aside {name}"
        try:
            if folder.is_symlink():
                folder.unlink()
                aside.rename(folder)
            else:
                folder.rename(aside)
                folder.symlink_to(self.outside / name)
                self.rounds += 1
        except OSError:
            pass  # It is not there yet, or the restore was quicker.


def state_of(folder):
    """All that somebody could change of it and in it."""
    status = {place: os.lstat(place) for place in [folder, *folder.rglob("*")]}
    return {place: (each.st_ino, each.st_mode, each.st_ctime_ns) for place, each in status.items()}


def test_nothing_is_written_outside_whoever_changes_the_target_meanwhile(host, target, tmp_path):
    outside = tmp_path / "outside"
    for number in range(FOLDERS_IN_COMMOTION):
        for root in (outside, host.source):
            (root / f"folder {number}").mkdir(parents=True, exist_ok=True)
            (root / f"folder {number}" / "file").write_text(str(root))
    (host.source / "folder 0" / "other").write_text("other")
    host.run("backup", expect=0)
    before = state_of(outside)
    refused = set()
    until = time.monotonic() + COMMOTION_SECONDS_MAX

    with Commotion(target / str(host.source)[1:], outside) as commotion:
        while (commotion.rounds < ROUNDS_OF_COMMOTION_MIN or not refused) and time.monotonic() < until:
            code, out, said = host.run("restore", "latest", "--target", str(target), "--exclude", "large", "--json")
            assert code in (0, 3), said
            messages = map(json.loads, out.splitlines())
            refused |= {message["path"] for message in messages if message.get("kind") == "refused"}

    assert state_of(outside) == before
    assert commotion.rounds >= ROUNDS_OF_COMMOTION_MIN
    assert refused and all("/source/folder " in path for path in refused)
