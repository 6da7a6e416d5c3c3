"""Random trees, backed up by engine = native and brought back by programs that nobody here wrote.

OSBACKUP_FIDELITY_TREES=50 makes more of them; OSBACKUP_FIDELITY_SEED=7 begins with that seed. The seed of a tree stands
in the names of its tests.
"""

import grp
import gzip
import os
import pwd
import random
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from support_host import Host
from support_restore import (as_bsdtar_restores, as_python_restores, differences, found_in, restore_with_bsdtar,
                             restore_with_gnu_tar, restore_with_python, tars_of, without_times_of_links)
from support_tree import RandomTree

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reader"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from archive_check import verify  # noqa: E402
from archive_reader import Archive, raw_text  # noqa: E402
from file_lines import seconds  # noqa: E402
from tar_entry import attributes_digest  # noqa: E402

TREES = int(os.environ.get("OSBACKUP_FIDELITY_TREES", "3"))
FIRST_SEED = int(os.environ.get("OSBACKUP_FIDELITY_SEED", "20261125"))
# What osbackup is run with. Cron's is nearly empty.
ENVIRONMENTS = {"C": {"LC_ALL": "C"}, "Utf8": {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}, "none": {}}
SANITIZERS = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
READERS_NEED = {"PATH": os.environ["PATH"]}
TYPES = {"f": "file", "d": "dir", "l": "symlink", "p": "fifo", "c": "char", "b": "block"}
SMALLEST_HOLE_BYTES = 4096
TEXTS = {"path", "path_b64", "target", "target_b64"}
PLACE = {"dir", "member", "skip", "span"}


class BackedUp:
    """A random tree in two directories, and its archive."""

    def __init__(self, programs, folder, seed, environment):
        self.folder = folder
        self.seed = seed
        self.environment = {**ENVIRONMENTS[environment], **SANITIZERS}
        self.reading = {**READERS_NEED, **self.environment}
        # It needs no server: a folder is the destination.
        self.host = Host(programs, folder / "host", SimpleNamespace(port=21, user="nobody", password="none"))
        self.host.drop("Ftp")
        # In a locale without UTF-8 unzip warns of such a name when a Zip64 field is beside it, whoever wrote it.
        letter = "ö" if environment == "Utf8" else "o"
        self.directories = [self.host.source, self.host.folder / f"and 100% {letter}ther's [things]*"]
        self.directories[1].mkdir()
        (self.directories[1] / "in the other").write_bytes(b"one")
        os.link(self.directories[1] / "in the other", self.host.source / "across directories")
        self.tree = RandomTree(self.host.source, seed)
        self.below = [str(directory)[1:] for directory in self.directories]
        self.source = found_in("/", *self.below)
        self.host.configure("BackupDirs", directory=",".join(map(str, self.directories)))
        self.archive = self.run("kept")

    def run(self, destination, **keys):
        """One backup; its archive."""
        self.host.configure("Run", **keys)
        self.host.configure("Storage", url=f"file://{self.folder}/{destination}")
        done = subprocess.run(self.host.command("backup", "--quiet"), env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), f"seed {self.seed}"
        (archive,) = (self.folder / destination).iterdir()
        return archive


@pytest.fixture(scope="module", params=[pytest.param((FIRST_SEED + number, list(ENVIRONMENTS)[number % 3]),
                                                     id=f"{FIRST_SEED + number}-{list(ENVIRONMENTS)[number % 3]}")
                                        for number in range(TREES)])
def backed_up(request, programs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    yield BackedUp(programs, folder, *request.param)
    shutil.rmtree(folder)


@pytest.fixture
def back(backed_up, tmp_path):
    """Where to restore to."""
    folder = tmp_path / "back"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_a_tree_has_something_of_everything(backed_up):
    found = backed_up.source.values()

    assert {each.kind for each in found} == set(TYPES)
    for kind in "flpcb":
        assert any(each.kind == kind and len(each.names) > 1 for each in found), kind
    for name in ("user.", "trusted.", "security.capability", "system.posix_acl_access", "system.posix_acl_default"):
        assert any(name in each.attributes for each in found), name
    assert any(each.blocks * 512 < each.size for each in found)


def test_unzip_and_gnu_tar_bring_back_everything(backed_up, back):
    assert restore_with_gnu_tar(backed_up.archive, back, backed_up.reading) == []

    restored = found_in(back, *backed_up.below)
    assert differences(backed_up.source, restored) == []
    for path, found in restored.items():
        assert found.blocks <= backed_up.source[path].blocks + SMALLEST_HOLE_BYTES // 512, path


def test_bsdtar_brings_back_everything_that_it_can(backed_up, back):
    assert restore_with_bsdtar(backed_up.archive, back, backed_up.reading) == []

    restored = found_in(back, *backed_up.below)
    assert differences(as_bsdtar_restores(backed_up.source, restored), restored) == []


def test_python_brings_back_everything_that_it_can(backed_up, back, tmp_path):
    assert restore_with_python(backed_up.archive, back, backed_up.reading) == []

    restored = found_in(back, *backed_up.below)
    probe = tmp_path / "probe"
    probe.touch()
    assert differences(as_python_restores(backed_up.source, probe), without_times_of_links(restored)) == []


def test_programs_that_test_archives_find_no_fault(backed_up, tmp_path):
    archive = backed_up.archive
    commands = [["unzip", "-tqq", archive], ["zipinfo", archive], ["7z", "t", archive]]
    for number, entry in enumerate(tars_of(archive)):
        tar = tmp_path / f"{number}.tar.gz"
        tar.write_bytes(zipfile.ZipFile(archive).read(entry))
        commands += [["gzip", "-t", tar], ["pigz", "-t", tar], ["7z", "t", tar]]
    for command in commands:
        done = subprocess.run(command, env=backed_up.reading, capture_output=True, stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stderr) == (0, b""), command
        assert b"warning" not in done.stdout.lower() or command[0] == "zipinfo", done.stdout


def test_the_second_reader_finds_no_fault_and_any_file(backed_up):
    archive = Archive(backed_up.archive)
    chance = random.Random(backed_up.seed)
    files = [path for path, found in sorted(backed_up.source.items()) if found.kind == "f"]

    assert verify(archive) == len(backed_up.source) + len(backed_up.directories)
    for path in chance.sample(files, 100):
        assert archive.read(path).sha256() == backed_up.source[path].digest, path


def test_the_index_says_what_the_file_system_says(backed_up):
    lines = {raw_text(line, "path"): line for line in Archive(backed_up.archive).lines()}

    flags = {path[1:]: letters for path, letters in backed_up.tree.flags.items()}
    assert lines.keys() - backed_up.source.keys() == {os.fsencode(below) for below in backed_up.below}
    for path, found in backed_up.source.items():
        line = {key: value for key, value in lines[path].items() if key not in PLACE}
        assert raw_text(line, "target", b"") == (found.target if path == found.names[0] else found.names[0]), path
        said = {key: value for key, value in line.items() if key not in TEXTS}
        assert said == expected_line(path, found, flags), path


def test_two_runs_over_one_tree_make_the_same_archive(backed_up):
    one = zipfile.ZipFile(backed_up.run("with 1 thread", threads=1))
    five = zipfile.ZipFile(backed_up.run("with 5 threads", threads=5))

    for name in tars_of(one.filename) + ["osbackup/index.jsonl.gz"]:
        # Not as compressed: ISA-L does not always find the same matches, and members are cut by what may be held open.
        assert without_places(gzip.decompress(one.read(name))) == without_places(gzip.decompress(five.read(name))), name


def without_places(content):
    """Without what an index says of members."""
    return re.sub(rb'"member":[0-9]+,"skip":[0-9]+,"span":[0-9]+}', b"", content)


def expected_line(path, found, flags):
    """A line of the index, without its place."""
    status = os.lstat(b"/" + path)
    is_link = path != found.names[0]
    line = {"type": "hardlink" if is_link else TYPES[found.kind], "mode": found.mode, "uid": status.st_uid,
            "gid": status.st_gid, "mtime": found.mtime, "ctime": seconds(status.st_ctime_ns), "dev": status.st_dev,
            "inode": status.st_ino, "nlink": status.st_nlink}
    names = {"user": name_of(pwd.getpwuid, status.st_uid), "group": name_of(grp.getgrgid, status.st_gid)}
    line.update({key: name for key, name in names.items() if name})
    if found.kind == "f":
        line.update(size=found.size, sha256=found.digest)
    elif is_link:
        line["size"] = 0
    if is_link:
        return line
    if found.kind in "cb":
        line["rdev"] = found.device
    if path in flags:
        line["flags"] = flags[path]
    if found.attributes != "-":
        line["xattrs_sha256"] = attributes_digest(attributes_of(b"/" + path))
    if found.kind == "f" and has_hole(b"/" + path, found.size):
        line["holes"] = True
    return line


def name_of(look_up, number):
    """The name of an owner; None when the id has none."""
    try:
        return look_up(number)[0]
    except KeyError:
        return None


def attributes_of(path):
    return {os.fsencode(name): os.getxattr(path, name, follow_symlinks=False)
            for name in os.listxattr(path, follow_symlinks=False)}


def has_hole(path, size):
    with open(path, "rb") as file:
        return size > 0 and os.lseek(file.fileno(), 0, os.SEEK_HOLE) < size
