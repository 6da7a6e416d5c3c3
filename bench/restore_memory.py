"""The peak memory of a restore of the trees of memory.py."""

from dataclasses import asdict

import memory
import tree
from measuring import Failed, measure

# Of those, the ones of which something can be restored.
CASES = ("files", "large", "links")


def cases(quick):
    return [case for case in memory.cases(quick) if case.name in CASES]


def bring_back(bench, place, case):
    """Backs the tree of a case up, removes it, and restores it once; the figures of the restore. Throws Failed, also
    when not all of it came back."""
    source = place / case.name
    expected = tree.count(source)
    backup = memory.Backup(bench.with_run_in(bench.folder / "backup"), memory.OneDirectory(source), level="balanced")
    try:
        backup.prepare()
        print(f"  {case.title}: backing it up", flush=True)
        backup.make()
        tree.remove_folder(place)  # What comes back needs the room.
        bench.disk.make(expected)
        target = bench.run / "target"
        target.mkdir()
        print(f"  {case.title}: restoring it", flush=True)
        used = measure([bench.osbackup, "restore", "latest", "--target", target, "--quiet", "--config",
                        backup.configure("folder")], bench.run)
        restored = target / source.relative_to("/")
        found = tree.count(restored) if restored.exists() else None
        if found != expected:
            raise Failed(f"it came back as {found}, it was {expected}")
        return {**asdict(used), "stored_bytes": backup.stored_bytes()}
    finally:
        bench.disk.remove()
        backup.clear()
