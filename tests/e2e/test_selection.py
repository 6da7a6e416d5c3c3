"""What [BackupDirs] and [Run] select and how much they leave to others, seen in archives, the log and /proc."""

import gzip
import os
import signal
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from support_server import eventually

CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"


@pytest.fixture(params=["native", "commands"])
def selecting(host, request):
    """The host, with each engine: what is selected is the same."""
    host.configure("Archive", engine=request.param)
    return host


@pytest.fixture
def commands(host):
    """The host, with the engine that runs the host's own tar and zip."""
    host.configure("Archive", engine="commands")
    return host


def add(host, *names):
    for name in names:
        file = host.source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("content")


def backed_up(host, expect=0):
    """Runs a backup and gives the paths in the only directory's tar, relative to it."""
    _, out, _ = host.run("backup", "-v", expect=expect)
    entry = str(host.source).lstrip("/")
    with zipfile.ZipFile(host.archives()[-1]).open(entry + ".tar.gz") as stream:
        # Not "r|gz": tarfile's own way to read a gzip stream stumbles over extra fields in its header.
        with tarfile.open(fileobj=gzip.GzipFile(fileobj=stream), mode="r|") as tar:
            names = [os.path.relpath(member.name, entry) for member in tar]
    return sorted(names)


def test_what_is_excluded_is_left_out_and_counted(selecting):
    add(selecting, "a.tmp", "b/c.tmp", "b/d", "node_modules/x/y", "cache/x", "e/cache", "f,g")
    selecting.configure("BackupDirs", exclude=f'*.tmp, node_modules, {selecting.source}/cache/**, "f,g", e/cache/')

    names = backed_up(selecting)

    assert names == [".", "b", "b/d", "cache", "e", "e/cache", "hello.txt"]
    assert "5 objects excluded" in selecting.log_text()
    assert "exit code 0" in selecting.log_text()


def test_exclude_may_stand_several_times(selecting):
    add(selecting, "a.tmp", "b.bak")
    selecting.configure()
    text = selecting.configuration.read_text()
    selecting.configure_text(text.replace("[BackupDirs]\n", "[BackupDirs]\nexclude = *.tmp\nexclude = *.bak\n"))

    assert backed_up(selecting) == [".", "hello.txt"]


def test_a_pattern_that_cannot_be_right_ends_the_run_before_it_begins(selecting):
    selecting.configure("BackupDirs", exclude="*.tmp, [a")

    _, _, err = selecting.run("backup", expect=2)

    assert "exclude: the pattern [a: expected a ] that closes the [" in err
    assert f"{selecting.configuration}:" in err
    assert selecting.stored() == []


def test_of_a_cache_only_its_tag_is_kept(selecting):
    add(selecting, "cache/a", "cache/b/c")
    (selecting.source / "cache" / "CACHEDIR.TAG").write_text(CACHE_TAG)
    assert "cache/b/c" in backed_up(selecting)

    selecting.configure("BackupDirs", exclude_caches="on")

    assert backed_up(selecting) == [".", "cache", "cache/CACHEDIR.TAG", "hello.txt"]
    assert "2 objects excluded" in selecting.log_text()


@pytest.fixture
def disk_image(selecting):
    """An ext4 file system of its own, mounted at mnt below the source."""
    image = selecting.folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    point = selecting.source / "mnt"
    point.mkdir()
    subprocess.run(["mount", "-o", "loop", image, point], check=True)
    try:
        (point / "inside").write_text("on another disk")
        (point / "lost+found").rmdir()
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


def test_a_disk_mounted_below_is_entered_unless_one_file_system_is_enough(selecting, disk_image):
    assert backed_up(selecting) == [".", "hello.txt", "mnt", "mnt/inside"]

    selecting.configure("BackupDirs", one_file_system="on")

    assert backed_up(selecting) == [".", "hello.txt", "mnt"]
    assert f"{disk_image}: a mounted ext4 file system, not entered (one_file_system = on)" in selecting.log_text()


def test_the_run_and_its_commands_let_others_go_first(commands):
    commands.configure("Run", nice=11, ionice="idle")
    seen = commands.folder / "seen"
    tools = commands.folder / "tools"
    tools.mkdir()
    (tools / "tar").write_text(f"#!/bin/sh\n(nice; ionice) >> {seen}\nexec /usr/bin/tar \"$@\"\n")
    (tools / "tar").chmod(0o755)

    commands.run("backup", expect=0, env={"PATH": f"{tools}:{os.environ['PATH']}"})

    assert set(seen.read_text().split()) == {"11", "idle"}


def test_a_run_of_commands_has_its_nice_level_in_every_thread(commands):
    commands.configure("Run", nice=11)
    fifo = commands.folder / "held"
    os.mkfifo(fifo)
    tools = commands.folder / "tools"
    tools.mkdir()
    (tools / "zip").write_text(f"#!/bin/sh\ncat {fifo} > /dev/null\nexec /usr/bin/zip \"$@\"\n")
    (tools / "zip").chmod(0o755)

    running = commands.start("backup", env={"PATH": f"{tools}:{os.environ['PATH']}"})
    try:
        with fifo.open("w"):  # Opens when zip reads: the run is in its middle.
            threads = os.listdir(f"/proc/{running.pid}/task")
            levels = {os.getpriority(os.PRIO_PROCESS, int(thread)) for thread in threads}
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()

    assert running.returncode == 0, out + err
    assert len(threads) > 1
    assert levels == {11}


def manners_of(thread):
    """Nice level and class of reading and writing; None when the thread has ended meanwhile."""
    asked = subprocess.run(["ionice", "-p", thread], capture_output=True, text=True)
    try:
        return (os.getpriority(os.PRIO_PROCESS, int(thread)), asked.stdout.strip()) if asked.returncode == 0 else None
    except ProcessLookupError:
        return None


def test_every_thread_of_a_native_run_lets_others_go_first(host):
    host.configure("Run", nice=11, ionice="idle")
    with open(host.source / "long", "wb") as file:
        file.truncate(1 << 42)  # A hole whose digest takes hours.
    running = host.start("backup")
    tasks = Path(f"/proc/{running.pid}/task")
    try:
        # The one that puts the archive together, the one that sends it, and the one that encodes the hole.
        eventually(lambda: len(list(tasks.iterdir())) >= 3, "the run is in its middle")
        seen = {manners_of(thread) for thread in os.listdir(tasks)} - {None}
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()

    assert seen == {(11, "idle")}
    assert running.returncode == 128 + signal.SIGTERM


def test_the_directories_of_the_run_itself_never_back_themselves_up(selecting):
    (selecting.state / "pending").mkdir(parents=True)
    (selecting.state / "pending" / "kept").write_text("kept")
    selecting.configure("BackupDirs", directory=selecting.folder)
    selecting.source = selecting.folder

    names = backed_up(selecting)

    assert {"osbackup.conf", "source/hello.txt", "log/backup.log"} <= set(names)
    assert [name for name in names if name.startswith(("work", "state"))] == []


def test_a_file_in_the_list_of_directories_is_named(selecting):
    selecting.configure("BackupDirs", directory=f"{selecting.source},/etc/hostname")

    selecting.run("backup", expect=3)

    assert ("/etc/hostname: is not a directory, left out: name the directory that holds it, or take it out of "
            "[BackupDirs] directory") in selecting.log_text()


def test_a_tree_deeper_than_a_path_may_be_long_is_backed_up_as_far_as_tar_can(commands):
    directory = os.open(commands.source, os.O_RDONLY)
    name = "n" * 200
    for _ in range(30):
        os.mkdir(name, dir_fd=directory)
        deeper = os.open(name, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = deeper
    os.close(directory)

    names = backed_up(commands, expect=3)

    assert 15 < len(names) < 25
    assert "its path is longer than 4095 bytes, which tar cannot open" in commands.log_text()
    subprocess.run(["rm", "-rf", commands.source / name], check=True)
