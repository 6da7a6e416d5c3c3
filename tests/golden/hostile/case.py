"""What one archive of the library is: what it tries, and what has to come of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import crafted
from crafted import directory, file

# Where the archives try to write. The test makes both folders with a file in each, and compares them afterwards.
OUTSIDE = b"/tmp/osbackup-hostile-sentinel"
BESIDE = b"../sentinel"  # Of the target.
KEPT = b"kept.txt"

# Exit codes (docs/cli.md).
GOOD, USAGE, PARTLY, DAMAGED = 0, 2, 3, 6


@dataclass(frozen=True)
class Codes:
    """The exit codes of `ls`, of `check --read-data`, of `restore`, and of that with `--keep-going`."""

    ls: int | None = GOOD  # None: any that is documented.
    check: int | None = GOOD
    restore: int | None = GOOD
    keep_going: int | None = GOOD


BENIGN = Codes()
REFUSED = Codes(restore=PARTLY, keep_going=PARTLY)  # The archive is sound, and what it wants is not done.
REFUSED_NAME = Codes(PARTLY, DAMAGED, PARTLY, PARTLY)  # No entry may be called that.
CONTRADICTION = Codes(check=DAMAGED, restore=PARTLY, keep_going=PARTLY)  # An entry that cannot be behind another one.
BROKEN_DATA = Codes(check=DAMAGED, restore=DAMAGED, keep_going=DAMAGED)  # Index and lists are sound.
BROKEN = Codes(DAMAGED, DAMAGED, DAMAGED, DAMAGED)
NEWER = Codes(ls=USAGE, check=PARTLY, restore=USAGE, keep_going=USAGE)
ANY = Codes(None, None, None, None)


@dataclass(frozen=True)
class Link:
    """A symbolic link that has to be there."""

    target: bytes


ROOT = directory(b"etc")
BEFORE = file(b"etc/0-before", b"before\n")
AFTER = file(b"etc/zz-after", b"after\n")
INNOCENT = {b"etc/0-before": b"before\n", b"etc/zz-after": b"after\n"}


@dataclass(frozen=True)
class Case:
    """`says` is in what each command tells that does not end with 0. `restored` is what `restore --keep-going` brings:
    contents and links by path; `absent` is what must not be there, and `right` what may, with this content alone."""

    name: str
    tries: str
    must: str
    archive: Callable[[], bytes]
    codes: Codes = BENIGN
    says: tuple[str, ...] = ()
    restored: dict = None
    absent: tuple[bytes, ...] = ()
    right: dict = field(default_factory=dict)
    as_user: bool = False  # Tried by an ordinary user, too.
    is_kept: bool = True  # In the repository; else it is made when the tests run, since it is large.

    def __post_init__(self):
        if self.restored is None:
            object.__setattr__(self, "restored", INNOCENT)


def around(*attack):
    """The objects of an archive with innocent ones on both sides."""
    return [ROOT, BEFORE, *attack, AFTER]


def broken_zip(name, tries, must, archive, **values):
    """One of which nothing can be read."""
    return Case(name, tries, must, archive, **{"codes": BROKEN, "restored": {}, **values})


def both(name, tries, must, objects, *, indexed=None, **values):
    """Two archives of the same objects: NAME without an index and NAME-indexed with one. `indexed` is what has to come
    of the second, where it is something else."""
    plain = Case(name, tries, must, lambda: crafted.plain(objects), **values)
    changes = {"must": "as without an index", "archive": lambda: crafted.indexed(objects), **(indexed or {})}
    return [plain, replace(plain, name=name + "-indexed", tries="the same, with an index that agrees", **changes)]


def in_one_block(*lines):
    """An index that has a line which no index has, between two others of its block, since a block's ends are in the
    list of blocks, too."""
    return crafted.indexed([ROOT, BEFORE, file(b"etc/b", b"first\n"), *lines, file(b"etc/y", b"last\n"), AFTER],
                           groups=lambda all_lines: [all_lines[:1], all_lines[1:2], all_lines[2:-1], all_lines[-1:]])
