"""The peak memory of a restore of the trees of memory.py."""

from dataclasses import asdict

import memory
import tree
from measuring import Failed

# Of those, the ones of which something can be restored.
CASES = ("files", "large", "links")


def cases(quick):
    return [case for case in memory.cases(quick) if case.name in CASES]


def bring_back(bench, place, case):
    """Backs the tree of a case up, removes it, and restores it once; the figures of the restore. Throws Failed, also
    when not all of it came back."""
    source = place / case.name
    expected = tree.count(source)
    backup = memory.Backup(bench, memory.OneDirectory(source), level="balanced")
    target = bench.run / "target"
    try:
        backup.prepare()
        print(f"  {case.title}: backing it up", flush=True)
        backup.make()
        stored_bytes = backup.stored_bytes()
        tree.remove_folder(place)  # What comes back needs the room.
        target.mkdir()
        print(f"  {case.title}: restoring it", flush=True)
        used = backup.measure(bench.osbackup, "restore", "latest", "--target", target, "--quiet", "--config",
                              backup.configure("folder"))
        restored = target / source.relative_to("/")
        found = tree.count(restored) if restored.exists() else None
        if found != expected:
            raise Failed(f"it came back as {found}, it was {expected}")
        return {**asdict(used), "stored_bytes": stored_bytes}
    finally:
        tree.remove_folder(target)
        backup.clear()
