"""Restores archives with programs that others wrote, and says how what came back differs from what was there."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reader"))
from archive_reader import Archive, order, raw_text  # noqa: E402
from file_lines import object_line, seconds, tree_lines  # noqa: E402

# What GNU tar says of its own accord.
TIME_WARNING = rb": (implausibly old time stamp [^\n]*|time stamp [^\n]* is [^\n]* s in the future)\n"
# bsdtar takes the names in a pax header for UTF-8, says so (and exits with 1) when they are not, or when the locale
# lacks their characters, and restores them all the same.
NAME_WARNINGS = re.compile(rb"bsdtar: ((Path|Link)name can't be converted from UTF-8 to current locale\.|"
                           rb"Error exit delayed from previous errors\.)\n")
# tarfile follows a symbolic link when it restores another name of it, and changes what it leads to: these are left out.
PYTHON = """
import sys, tarfile, zipfile
OPTIONS = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}  # Newer ones would refuse.
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in archive.namelist():
        if name.endswith(".tar.gz"):
            with archive.open(name) as entry, tarfile.open(fileobj=entry, mode="r:gz", encoding="utf-8") as tar:
                tar.errorlevel = 2
                links = {member.name for member in tar if member.issym()}
                members = [member for member in tar if not (member.islnk() and member.linkname in links)]
                tar.extractall(sys.argv[2], members, numeric_owner=True, **OPTIONS)
"""

FS_IOC_GETFLAGS = 0x80086601
# The flags that chattr(1) can set: linux/fs.h.
FLAG_LETTERS = {0x80: "A", 0x800000: "C", 0x10000: "D", 0x20000000: "P", 0x8: "S", 0x20000: "T", 0x20: "a", 0x4: "c",
                0x40: "d", 0x10: "i", 0x4000: "j", 0x400: "m", 0x1: "s", 0x8000: "t", 0x2: "u"}


@dataclass(frozen=True)
class Found:
    """One object of a tree."""

    kind: str
    mode: str
    owner: tuple
    size: int
    mtime: str
    target: bytes
    device: str
    digest: str
    attributes: str
    names: tuple  # All its names in its folder, in the order of the archive: several of a hard link.
    blocks: int  # Of 512 bytes.


def found_in(root, *below, with_folders=False):
    """Every object of the folders `below` of a folder, or these too: {its path from there: Found}."""
    root = os.fsencode(root)
    objects, by_inode = {}, {}
    for folder in map(os.fsencode, below):
        top = os.path.join(root, folder)
        for line in chain([object_line(top, top)] if with_folders else [], tree_lines(top)):
            path, kind, mode, uid, gid, size, mtime, target, device, digest, attributes = line.split(" ", 10)
            path = os.path.join(folder, bytes.fromhex(path)).rstrip(b"/")
            status = os.lstat(os.path.join(root, path))
            identity = (folder, status.st_dev, status.st_ino)
            by_inode.setdefault(identity, []).append(path)
            objects[path] = Found(kind, mode, (int(uid), int(gid)), int(size), mtime, bytes.fromhex(target.strip("-")),
                                  device, digest, attributes, identity, status.st_blocks)
    return {path: replace(found, names=tuple(sorted(by_inode[found.names], key=order)))
            for path, found in objects.items()}


def flags_of(root, found):
    """The inode flags of those files and directories that have any: {path: letters of chattr(1)}."""
    flags = {}
    for path in [path for path, each in found.items() if each.kind in "fd"]:
        descriptor = os.open(os.path.join(os.fsencode(root), path), os.O_RDONLY | os.O_NOFOLLOW)
        (value,) = struct.unpack("I", fcntl.ioctl(descriptor, FS_IOC_GETFLAGS, bytes(4)))
        os.close(descriptor)
        letters = "".join(letter for flag, letter in FLAG_LETTERS.items() if value & flag)
        if letters:
            flags[path] = letters
    return flags


def differences(source, restored):
    """What is not the same, one text for each, without blocks."""
    texts = [f"{path!r} is missing" for path in source.keys() - restored.keys()]
    texts += [f"{path!r} was not there before" for path in restored.keys() - source.keys()]
    for path in source.keys() & restored.keys():
        for key in Found.__dataclass_fields__.keys() - {"blocks"}:
            before, after = getattr(source[path], key), getattr(restored[path], key)
            if before != after:
                texts.append(f"{key} of {path!r}: {before!r} before, {after!r} restored")
    return sorted(texts)


def complaints(command, environment, without, exit_code=0, **options):
    """What a program says on its standard error that `without` leaves; it may end with `exit_code` if it speaks."""
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, **options)
    unusual = without(done.stderr).splitlines()
    if done.returncode != (exit_code if done.stderr else 0):
        unusual.append(f"exit code {done.returncode}")
    return unusual


def restore_with_gnu_tar(archive, into, environment):
    """Runs what RESTORE.txt says; gives the complaints."""
    text = zipfile.ZipFile(archive).read("osbackup/RESTORE.txt").decode()
    script = text.split("Bring everything back")[1].split("\n\n")[1].replace("/restore", str(into))

    def without_time_warnings(said):
        # By name, since tar prints names as they are, newlines too.
        for line in Archive(archive).lines():
            said = re.sub(b"tar: " + re.escape(raw_text(line, "path")) + b"/?" + TIME_WARNING, b"", said)
        return said

    return complaints(["bash", "-e", "-o", "pipefail", "-c", script], environment, without_time_warnings,
                      cwd=archive.parent)


def restore_with_bsdtar(archive, into, environment):
    """Gives the complaints. Not in a locale with UTF-8, where it makes one letter of an e and an accent."""
    environment = {**environment, "LC_ALL": "C"}
    said = []
    for number, entry in enumerate(tars_of(archive)):
        tar = into.parent / f"{number}.tar.gz"
        tar.write_bytes(zipfile.ZipFile(archive).read(entry))
        command = ["bsdtar", "-xpPf", tar, "-C", into, "--numeric-owner"]  # -P, or it takes C: off a name.
        said += complaints(command, environment, lambda said: NAME_WARNINGS.sub(b"", said), exit_code=1)
    return said


def restore_with_python(archive, into, environment):
    """Gives the complaints."""
    return complaints([sys.executable, "-c", PYTHON, archive, into], environment, lambda said: said)


def tars_of(archive):
    return [name for name in zipfile.ZipFile(archive).namelist() if name.endswith(".tar.gz")]


# --- what a program is known not to restore, taken out of a Found


def as_bsdtar_restores(source, restored):
    """With its largest id in ACLs, and with times before 1970 that it reads wrong: -1.5 as -1 + 0.5."""
    expected = {}
    for path, found in source.items():
        attributes = re.sub("(?<=posix_acl_)([a-z]+=02000000)([0-9a-f]*)", with_small_ids, found.attributes)
        is_read_wrong = found.mtime.startswith("-") and not found.mtime.endswith(".000000000") and path in restored
        mtime = restored[path].mtime if is_read_wrong else found.mtime
        expected[path] = replace(found, attributes=attributes, mtime=mtime)
    return expected


def with_small_ids(match):
    """An ACL in the kernel's form; an entry's last 4 bytes are the id."""
    text = match[1]
    for entry in re.findall("[0-9a-f]{16}", match[2]):
        tag, identity = entry[:8], entry[8:]
        is_large = identity != "ffffffff" and int(identity[6:], 16) > 127
        text += tag + ("ffffff7f" if is_large else identity)
    return text


def as_python_restores(source, probe):
    """Without attributes, without other names and times of links, and with times that went through a float."""
    expected = {}
    for path, found in source.items():
        if found.kind == "l":
            if path == found.names[0]:
                expected[path] = replace(found, attributes="-", mtime="-", names=(path,))
        else:
            os.utime(probe, (float(found.mtime), float(found.mtime)))
            expected[path] = replace(found, attributes="-", mtime=seconds(os.stat(probe).st_mtime_ns))
    return expected


def without_times_of_links(restored):
    return {path: replace(found, mtime="-") if found.kind == "l" else found for path, found in restored.items()}
