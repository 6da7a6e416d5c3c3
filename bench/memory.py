"""Trees that are large in one way each, and the peak memory of what is done with them."""

import os
import random
import stat
from dataclasses import asdict
from pathlib import Path

from contenders import Osbackup
from measuring import Failed
from tree import remove_folder

OBJECTS = 1_000_000
OBJECTS_QUICK = 10_000
LARGE_BYTES = 20 * 10**9
LARGE_BYTES_QUICK = 100 * 10**6
CHUNK_BYTES = 16 << 20
SEED = 7
# The file, and twice its archive (spool and server): hexadecimal digits deflate to a little over a half.
LARGE_DISK_PER_BYTE = 2.3
DISK_PER_OBJECT = 1024
INODES_PER_OBJECT = 1.1
SPARE_BYTES = 1 << 30


def empty_files(folder, count):
    parent = os.open(folder, os.O_RDONLY)
    for number in range(count):
        os.close(os.open(f"file-{number:07}", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=parent))
    os.close(parent)


def sockets(folder, count):
    parent = os.open(folder, os.O_RDONLY)
    for number in range(count):
        os.mknod(f"socket-{number:07}", stat.S_IFSOCK | 0o644, dir_fd=parent)
    os.close(parent)


def links(folder, count):
    """Files with a second name outside of the tree, so that their last name is never seen."""
    outside = folder.with_name(folder.name + "-outside")
    outside.mkdir()
    empty_files(outside, count)
    for number in range(count):
        os.link(f"{outside}/file-{number:07}", f"{folder}/file-{number:07}")


def large_file(folder, size):
    """Random hexadecimal digits: real bytes, which deflate by a half."""
    source = random.Random(SEED)
    with open(folder / "large", "wb", buffering=0) as file:
        written = 0
        while written < size:
            chunk = source.randbytes(CHUNK_BYTES // 2).hex().encode()[:size - written]
            written += file.write(chunk)


class Case:
    """One tree: how it is made, and what it is called in the table."""

    def __init__(self, name, title, make, amount):
        self.name = name
        self.title = title
        self.make = make
        self.amount = amount

    def missing(self, folder):
        """What the disk lacks for it; None when there is enough."""
        disk = os.statvfs(folder)
        per_unit = LARGE_DISK_PER_BYTE if self.make is large_file else DISK_PER_OBJECT
        needed, free = int(self.amount * per_unit) + SPARE_BYTES, disk.f_bavail * disk.f_frsize
        if free < needed:
            return f"not measured: needs {needed / 1e9:.0f} GB of disk, {free / 1e9:.0f} GB are free"
        # A file system without a fixed number of inodes says 0 of 0.
        if self.make is not large_file and disk.f_files and disk.f_favail < self.amount * INODES_PER_OBJECT:
            return f"not measured: needs {self.amount:,} inodes, {disk.f_favail:,} are free"
        return None


def cases(quick):
    count = OBJECTS_QUICK if quick else OBJECTS
    size = LARGE_BYTES_QUICK if quick else LARGE_BYTES
    return [
        Case("files", f"{count:,} empty files in one directory", empty_files, count),
        Case("large", f"one file of {size / 1e9:g} GB", large_file, size),
        Case("sockets", f"{count:,} sockets: a warning each", sockets, count),
        Case("links", f"{count:,} files with a second name outside of the tree", links, count),
    ]


class OneDirectory:
    """What a contender wants to know of a tree."""

    def __init__(self, folder):
        self.directories = [folder]


class Backup(Osbackup):
    accepted = (0, 3)  # 3: published, with warnings.


def back_up(bench, place, case):
    """One backup of the tree of a case, which lies in `place`; its figures."""
    backup = Backup(bench, OneDirectory(place / case.name), level="balanced")
    try:
        backup.prepare()
        used = backup.make()
        return {**asdict(used), "stored_bytes": backup.stored_bytes()}
    finally:
        backup.clear()


def measure_case(case, bench, folder, work):
    """Makes the tree, does the work with it once, and removes everything. Returns the figures; throws Failed."""
    lacking = case.missing(folder)
    if lacking:
        raise Failed(lacking)
    place = Path(folder) / "memory"
    remove_folder(place)
    try:
        (place / case.name).mkdir(parents=True)
        print(f"  {case.title}: making the tree", flush=True)
        case.make(place / case.name, case.amount)
        figures = work(bench, place, case)
    finally:
        remove_folder(place)
    print(f"  {case.title}: {figures['memory_kib'] // 1024} MiB, {figures['wall_seconds']:.1f} s", flush=True)
    return figures


def measure_all(wanted, bench, folder, work):
    """The figures and the failures, by case."""
    runs, failures = {}, {}
    for case in wanted:
        try:
            runs[case.name] = measure_case(case, bench, folder, work)
        except Failed as failure:
            failures[case.name] = str(failure)
            print(f"  {case.title}: {failure}", flush=True)
    return runs, failures
