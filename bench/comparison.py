"""Whether a tree that was restored is the one that was backed up."""

import os
import sys
from functools import lru_cache
from pathlib import Path

from measuring import Failed
from tree import count

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
from file_lines import object_line, tree_lines  # noqa: E402

LINES_TOLD = 4


@lru_cache(maxsize=None)
def count_once(directory):
    """A source does not change while it is restored from."""
    return count(directory)


@lru_cache(maxsize=None)
def describe_once(directory):
    return describe(directory)


def describe(directory):
    """A line for the directory and for each object in it, with all metadata and the digest of the content."""
    folder = os.fsencode(directory)
    return frozenset([object_line(os.path.dirname(folder), folder), *tree_lines(folder)])


def compare_counts(source, restored):
    """Throws Failed when the numbers of objects of each kind, or their bytes, differ. The content of several names of
    one file counts once, so that a hard link that came back as a file of its own is found."""
    expected, found = count_once(source), count(restored) if restored.exists() else None
    if found != expected:
        raise Failed(f"{source.name} came back as {found}, it was {expected}")


def compare_objects(source, restored):
    """Throws Failed when the type, mode, owners, size, time, target, device, content or attributes of one differ."""
    if not restored.exists():
        raise Failed(f"{source.name} did not come back")
    expected, found = describe_once(source), describe(restored)
    if found != expected:
        lines = [(path_of(line), "was", line) for line in expected - found]
        lines += [(path_of(line), "came as", line) for line in found - expected]
        told = "; ".join(f"{word} {path} {line.split(' ', 1)[1]}"
                         for path, word, line in sorted(lines, key=lambda one: (one[0], one[1] != "was"))[:LINES_TOLD])
        raise Failed(f"{source.name} came back with {len({path for path, _, _ in lines})} objects not as they were: "
                     f"{told}")


def path_of(line):
    return bytes.fromhex(line.split(" ", 1)[0]).decode(errors="backslashreplace")
