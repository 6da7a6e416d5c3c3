"""The tree that is backed up and restored: real files, copied from the machine's own /usr so that they can be counted
on.

The child directories of the tree are the configured directories of every backup.
"""

import json
import os
import shutil
import stat
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

# Where files come from, in this order, with the folder of the tree that they are copied to. The children of /usr
# become children of the tree.
ROOTS = (("/usr", "."), ("/opt", "opt"), ("/var/lib/dpkg", "dpkg"))
OVERSHOOT = 1.02
RULE = 1  # Raised whenever choose() would choose otherwise, so that a tree of an older rule is made again.
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Counts:
    """What a tree holds. The content of several names of one file counts once."""
    files: int = 0
    directories: int = 0
    links: int = 0
    others: int = 0
    content_bytes: int = 0

    @property
    def objects(self):
        return self.files + self.directories + self.links + self.others

    def __add__(self, other):
        return Counts(*(mine + theirs for mine, theirs in zip(asdict(self).values(), asdict(other).values())))


@dataclass(frozen=True)
class Unit:
    """Directories, or loose files of one directory, that are copied together or not at all."""
    paths: tuple[str, ...]  # Relative to the root.
    counts: Counts

    @property
    def mean_bytes(self):
        return self.counts.content_bytes / max(1, self.counts.objects)


def count(path):
    """Counts one file or a whole directory, without entering other file systems or following links."""
    seen = set()
    kinds = {stat.S_IFREG: "files", stat.S_IFDIR: "directories", stat.S_IFLNK: "links"}
    found = dict.fromkeys(("files", "directories", "links", "others", "content_bytes"), 0)
    device = os.lstat(path).st_dev
    waiting = [(path, os.lstat(path))]
    while waiting:
        place, status = waiting.pop()
        found[kinds.get(stat.S_IFMT(status.st_mode), "others")] += 1
        if stat.S_ISREG(status.st_mode):
            if status.st_nlink == 1 or status.st_ino not in seen:
                found["content_bytes"] += status.st_size
            if status.st_nlink > 1:
                seen.add(status.st_ino)
        elif stat.S_ISDIR(status.st_mode) and status.st_dev == device:
            with os.scandir(place) as entries:
                waiting += [(entry.path, entry.stat(follow_symlinks=False)) for entry in entries]
    return Counts(**found)


def units_of(root, depth):
    """The directories `depth` levels below the root, and the loose files above them, folder by folder."""
    units = []
    for folder, names, files in walk_to(Path(root), depth - 1):
        loose = tuple(str((folder / name).relative_to(root)) for name in files)
        if loose:
            units.append(Unit(loose, sum((count(os.path.join(root, path)) for path in loose), Counts())))
        units += [Unit((str((folder / name).relative_to(root)),), count(folder / name)) for name in names]
    return units


def walk_to(folder, levels):
    """(folder, directories that are units, other names) for each folder down to that level."""
    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    directories = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    others = [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]
    yield folder, directories if levels == 0 else [], others
    if levels > 0:
        for name in directories:
            yield from walk_to(folder / name, levels - 1)


def choose(units, wanted):
    """Whole units until `wanted` (objects and bytes) is reached; the same units always give the same choice.

    Units whose objects are larger in the mean than wanted, and those whose objects are smaller, are each tried from the
    one with the most objects on. The next one comes from the side that brings the mean of the tree back. What would
    overshoot is left out.
    """
    mean_wanted = wanted.content_bytes / wanted.objects
    order = sorted(units, key=lambda unit: (-unit.counts.objects, unit.paths))
    small = [unit for unit in order if unit.mean_bytes <= mean_wanted]
    large = [unit for unit in order if unit.mean_bytes > mean_wanted]
    chosen, total = [], Counts()
    while small or large:
        too_large = total.content_bytes > mean_wanted * total.objects
        side = small if (too_large and small) or not large else large
        unit = side.pop(0)
        grown = total + unit.counts
        if (grown.objects <= wanted.objects * OVERSHOOT
                and grown.content_bytes <= wanted.content_bytes * OVERSHOOT):
            chosen.append(unit)
            total = grown
    return chosen


class Tree:
    """A tree on disk, and its configured directories: those in its folder, and others elsewhere."""

    def __init__(self, folder, also=()):
        self.folder = Path(folder).resolve()
        below = sorted(path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink())
        if not below:
            raise SystemExit(f"bench: {self.folder} has no directories to back up")
        self.directories = [*below, *also]
        for path in self.directories:
            if set(str(path)) & set(",;#\"\n"):
                raise SystemExit(f"bench: the name {path} cannot stand in a list of directories; rename it")
        self.counts_by_name = {path.name: count(path) for path in below}
        self.counts_by_name |= {f"{path.parent.name}/{path.name}": count(path) for path in also}
        self.counts = sum(self.counts_by_name.values(), Counts())

    def facts(self):
        """What a reader must know of it, for the table and the JSON."""
        return {"counts": asdict(self.counts),
                "directories": {name: asdict(part) for name, part in self.counts_by_name.items()}}

    def files(self):
        """The path of each regular file."""
        for directory in self.directories:
            for folder, _, names in os.walk(directory):
                for name in names:
                    path = os.path.join(folder, name)
                    if stat.S_ISREG(os.lstat(path).st_mode):
                        yield path

    def read_once(self):
        read_once(self.files())


def read_once(files):
    """Reads every file, so that the caches are warm."""
    buffer = bytearray(READ_BYTES)
    for path in files:
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def make(folder, wanted):
    """Copies the chosen units to `folder`, with hard links, modes, owners, times, attributes and links kept."""
    folder = Path(folder)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    sources = [(root, place, unit) for root, place in ROOTS if os.path.isdir(root)
               for unit in units_of(root, 2 if place == "." else 1)]
    place_of = {id(unit): (root, place) for root, place, unit in sources}
    chosen = choose([unit for _, _, unit in sources], wanted)
    for root, place in ROOTS:
        paths = [path for unit in chosen if place_of[id(unit)] == (root, place) for path in unit.paths]
        if not paths:
            continue
        target = partial / place
        target.mkdir(exist_ok=True)
        # One command, so that hard links between the units of a root are kept.
        subprocess.run(["xargs", "-0", "-s", "1000000", "cp", "-ax", "--reflink=never", "--parents", "-t", str(target)],
                       cwd=root, input=b"\0".join(os.fsencode(path) for path in paths), check=True)
    remove(folder)
    partial.rename(folder)
    mark(folder).write_text(json.dumps({"rule": RULE, "wanted": asdict(wanted)}))


def copy_readable(source, folder):
    """Copies what everybody may read of a directory into a new folder: an archive of it gives nobody's secrets away."""
    remove_folder(folder)
    folder.mkdir(parents=True)
    found = subprocess.run(["find", ".", "-xdev", "(", "-type", "d", "!", "-perm", "-005", "-prune", ")", "-o",
                            "(", "-type", "f", "-perm", "-004", "-o", "-type", "l", ")", "-print0"],
                           cwd=source, stdout=subprocess.PIPE, check=True)
    subprocess.run(["xargs", "-0", "-s", "1000000", "cp", "-a", "--parents", "-t", str(folder)], cwd=source,
                   input=found.stdout, check=True)


def mark(folder):
    return folder.with_name(folder.name + ".json")


def is_made(folder, wanted):
    """Whether `folder` holds a whole tree that was made for the same counts."""
    file = mark(Path(folder))
    return file.exists() and Path(folder).is_dir() and json.loads(file.read_text()) == {
        "rule": RULE, "wanted": asdict(wanted)}


def remove(folder):
    mark(Path(folder)).unlink(missing_ok=True)
    remove_folder(folder)


def remove_folder(folder):
    """A tree of a million files goes several times faster with rm than with shutil."""
    subprocess.run(["rm", "-rf", "--", str(folder)], check=True)
