#!/usr/bin/python3
"""Writes the library: an archive for each case, and README.md.

usage: make.py [FOLDER]

The same bytes each time, as long as zlib deflates as it did. What is too large for the repository is made only when a
FOLDER is named.
"""

import sys
from pathlib import Path

import hostile_indexes
import hostile_links
import hostile_names
import hostile_objects
import hostile_tars
import hostile_zips

HERE = Path(__file__).resolve().parent
KEPT_BYTES_MAX = 100 << 10
GROUPS = (hostile_names, hostile_links, hostile_objects, hostile_tars, hostile_indexes, hostile_zips)
CASES = [case for group in GROUPS for case in group.CASES]
BEGIN = """# Hostile archives

Archives that try to write outside of a restore's target, to crash or stall whoever reads them, or to be taken for
something else. Whoever made them wrote all of each: where there is an index, its digests are right, so that nothing
but the attack itself gives it away.

`make.py` writes them, and this page, from the cases in `hostile_*.py`, which also say which exit code and which words
each command must end with. `tests/e2e/test_hostile.py` runs the program on all of them,
`tests/readers/hostile_archive_readers.cpp` the readers alone. Archives with a `*` are larger than 100 KiB and are made
when the tests run.

For all of them holds: no crash, no hang, bounded memory, and nothing outside of the target is changed. The entry that
is at fault is named, and the innocent `etc/0-before` and `etc/zz-after` come back where nothing else is said. *Damage*
ends with exit code 6, and what lies behind it comes with `--keep-going`; what is *refused* or *named* ends with 3.
"""

NAMES = [case.name for case in CASES]
assert len(NAMES) == len(set(NAMES)), "two archives of one name"


def readme():
    text = BEGIN
    for group in GROUPS:
        text += f"\n## {group.__doc__.splitlines()[0].rstrip('.')}\n\n| archive | tries | must |\n| --- | --- | --- |\n"
        text += "".join(f"| `{each.name}.zip`{'' if each.is_kept else ' *'} | {each.tries} | {each.must} |\n"
                        for each in group.CASES)
    return text


def write(folder, also_large=False):
    """Writes the archives and README.md into a folder."""
    folder = Path(folder)
    for case in CASES:
        if not case.is_kept and not also_large:
            continue
        raw = case.archive()
        assert (len(raw) < KEPT_BYTES_MAX) == case.is_kept, f"{case.name} has {len(raw)} bytes"
        (folder / f"{case.name}.zip").write_bytes(raw)
    (folder / "README.md").write_text(readme())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write(sys.argv[1], also_large=True)
    else:
        write(HERE)
