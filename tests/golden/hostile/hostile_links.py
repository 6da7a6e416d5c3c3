"""Links that lead out, and entries that go through them or take their place."""

from case import (BESIDE, BROKEN, BROKEN_DATA, CONTRADICTION, INNOCENT, KEPT, OUTSIDE, REFUSED, REFUSED_NAME, Case, Codes,
                  Link, around, both)
from crafted import directory, file, hard_link, indexed, stored, symlink

UP = b"../" + BESIDE  # From `etc`.
OUTSIDE_FILE = OUTSIDE + b"/" + KEPT
PLANTED = file(b"etc/out/planted")
PLANTED_H = {b"etc/h": b"planted\n"}
REFUSED_BELOW = {"codes": REFUSED, "says": ("etc/out/planted",), "indexed": {"codes": CONTRADICTION}}


def planted_parent(name, tries, target, **values):
    return both(name, tries, "the link is restored, the file below it refused; the others come",
                around(symlink(b"etc/out", target), PLANTED), restored=INNOCENT | {b"etc/out": Link(target)},
                **{**REFUSED_BELOW, **values})


def bad_hard_link(name, tries, target, *before, **values):
    return both(name, tries, "refused by its name; the others come", around(*before, hard_link(b"etc/h", target)),
                **{"codes": REFUSED, "says": ("etc/h",), "absent": (b"etc/h",), "indexed": {"codes": CONTRADICTION},
                   **values})


def same_name(name, tries, must, objects, *, first, later, says=("etc/h",), **values):
    """Two entries of one name: in a tar the later one counts, since files may have been appended; in an index the first
    does, since it has each name once. What has to be there, both ways."""
    return both(name, tries, "the later one counts", around(*objects), restored=INNOCENT | later,
                indexed={"codes": CONTRADICTION, "must": must, "says": says, "restored": INNOCENT | first}, **values)


LINE_REFUSED = {"codes": BROKEN, "says": ("target is not a relative path",),
                "must": "damage: no line of an index has such a target"}

PARENTS = [
    *planted_parent("parent-is-an-absolute-link", "a symbolic link to outside, then a file below it", OUTSIDE,
                    as_user=True),
    *planted_parent("parent-is-a-relative-link", "the same with a link that leads up and out", UP, as_user=True),
    *both("parent-is-a-link-to-the-root", "a symbolic link to `/`, then a file far below it",
          "the link is restored, the file refused; the others come",
          around(symlink(b"etc/out", b"/"), file(b"etc/out" + OUTSIDE + b"/planted")), codes=REFUSED,
          says=("etc/out/tmp",), indexed={"codes": CONTRADICTION}, restored=INNOCENT | {b"etc/out": Link(b"/")}),
    *both("parent-is-a-chain-of-links",
          "four links, each to the next, the last to outside, then a file below the first",
          "the links are restored, the file refused; the others come",
          around(symlink(b"etc/l2", b"l3"), symlink(b"etc/l3", b"l4"), symlink(b"etc/l4", UP),
                 symlink(b"etc/out", b"l2"), PLANTED), **REFUSED_BELOW),
    *both("parent-is-a-loop-of-links", "two links to each other and one to itself, then a file below each",
          "the links are restored, the files refused; the others come",
          around(symlink(b"etc/l2", b"out"), symlink(b"etc/out", b"l2"), PLANTED, symlink(b"etc/self", b"self"),
                 file(b"etc/self/planted")), codes=REFUSED, says=("etc/out/planted", "etc/self/planted"),
          indexed={"codes": CONTRADICTION}),
    *both("parent-of-a-directory-is-a-link", "a link to outside, then a directory below it, with a mode",
          "the link is restored, the directory refused; the others come",
          around(symlink(b"etc/out", OUTSIDE), directory(b"etc/out/planted", 0o700)), **REFUSED_BELOW),
    *both("parent-of-a-link-is-a-link", "a link to outside, then a symbolic link, a hard link and a FIFO below it",
          "the link is restored, what lies below it refused; the others come",
          around(symlink(b"etc/out", OUTSIDE), symlink(b"etc/out/planted-link", b"x"),
                 hard_link(b"etc/out/planted-name", b"etc/0-before", b"before\n"),
                 stored(b"etc/out/planted-pipe", "fifo")),
          codes=REFUSED, says=("etc/out/planted-link", "etc/out/planted-name", "etc/out/planted-pipe"),
          indexed={"codes": CONTRADICTION}),
    *both("parent-is-a-link-inside", "a link to another directory of the archive, then a file below it",
          "the link is restored, the file below it refused: it would not be where it says; the others come",
          around(directory(b"etc/d"), symlink(b"etc/out", b"d"), PLANTED), absent=(b"etc/d/planted",), **REFUSED_BELOW),
    *same_name("parent-is-a-file", "a file, then a file below it", "the second is refused; the others come",
               [file(b"etc/out", b"first\n"), PLANTED], first={b"etc/out": b"first\n"},
               later={b"etc/out/planted": b"planted\n"}, says=("etc/out/planted",)),
]

SAME_NAMES = [
    *both("link-then-directory-then-file", "a link to outside, a directory of the same name, a file below it",
          "the link is restored, the others of its name and below it refused",
          around(symlink(b"etc/out", OUTSIDE), directory(b"etc/out", 0o700), PLANTED),
          restored=INNOCENT | {b"etc/out": Link(OUTSIDE)}, as_user=True, **REFUSED_BELOW),
    *both("directory-then-link-then-file", "a directory, a link to outside of the same name, a file below it",
          "the link takes the place of the empty directory, the file below it is refused",
          around(directory(b"etc/out", 0o700), symlink(b"etc/out", OUTSIDE), PLANTED), codes=REFUSED,
          says=("etc/out/planted",), restored=INNOCENT | {b"etc/out": Link(OUTSIDE)},
          indexed={"codes": CONTRADICTION, "restored": INNOCENT | {b"etc/out/planted": b"planted\n"},
                   "says": ("etc/out: ",), "must": "the link is refused; the file comes; the directory gets its time and "
                   "mode, and nothing else does"}),
    *same_name("file-over-a-link", "a link to a file outside, then a file of the same name",
               "the link is restored, the file refused, and the file outside is what it was",
               [symlink(b"etc/h", OUTSIDE_FILE), file(b"etc/h")], first={b"etc/h": Link(OUTSIDE_FILE)}, later=PLANTED_H,
               as_user=True),
    *same_name("file-over-a-hard-link-to-a-link",
               "a hard link to a link to outside, then a file of the hard link's name",
               "both names of the link are restored, the file refused, and the file outside is what it was",
               [symlink(b"etc/a", OUTSIDE_FILE), hard_link(b"etc/h", b"etc/a").said(sha256=None, size=0),
                file(b"etc/h")], first={b"etc/h": Link(OUTSIDE_FILE)}, later=PLANTED_H),
    *same_name("file-over-a-hard-link", "a hard link to an innocent file, then a file of the same name",
               "the file is refused, and the innocent one is what it was",
               [hard_link(b"etc/h", b"etc/0-before", b"before\n"), file(b"etc/h")], first={b"etc/h": b"before\n"},
               later=PLANTED_H),
    *same_name("two-files-of-one-name", "two files of one name", "the first is restored, the second refused",
               [file(b"etc/h", b"first\n"), file(b"etc/h", b"second\n")], first={b"etc/h": b"first\n"},
               later={b"etc/h": b"second\n"}),
    *same_name("file-and-directory-of-one-name", "a file, a directory of the same name, a file below it",
               "the file is restored, the others refused",
               [file(b"etc/h", b"first\n"), directory(b"etc/h"), file(b"etc/h/planted")],
               first={b"etc/h": b"first\n"}, later={b"etc/h/planted": b"planted\n"}, says=("etc/h: ", "etc/h/planted")),
    *both("directory-and-file-of-one-name", "a directory with a file in it, then a file of the directory's name",
          "the directory and its file are restored, the other refused",
          around(directory(b"etc/h"), file(b"etc/h/x", b"x\n"), file(b"etc/h")), codes=REFUSED, says=("etc/h",),
          restored=INNOCENT | {b"etc/h/x": b"x\n"}, indexed={"codes": CONTRADICTION}),
    *same_name("pipe-then-file", "a FIFO, then a file of the same name",
               "the file is refused, and nobody waits for a reader", [stored(b"etc/h", "fifo"), file(b"etc/h")],
               first={}, later=PLANTED_H, as_user=True),
    *same_name("device-then-file", "the device of /dev/null, then a file of the same name",
               "the file is refused, and nothing is written to the device",
               [stored(b"etc/h", "char", device=(1, 3)), file(b"etc/h")], first={}, later=PLANTED_H),
]

HARD_LINKS = [
    *bad_hard_link("hard-link-to-an-absolute-name", "a hard link to a file outside", OUTSIDE_FILE, as_user=True,
                   indexed=LINE_REFUSED),
    *bad_hard_link("hard-link-to-dotdot", "a hard link that leads up and out", BESIDE + b"/" + KEPT, as_user=True,
                   codes=REFUSED_NAME, indexed=LINE_REFUSED),
    *bad_hard_link("hard-link-through-a-link", "a hard link to a file below a link to outside",
                   b"etc/a/" + KEPT, symlink(b"etc/a", OUTSIDE)),
    *bad_hard_link("hard-link-to-a-directory", "a hard link to a directory of the archive", b"etc/d",
                   directory(b"etc/d")),
    *bad_hard_link("hard-link-to-itself", "a hard link to its own name", b"etc/h", codes=REFUSED_NAME,
                   indexed={"codes": BROKEN, "says": ("a hard link to itself",), "must": "damage of that block"}),
    *bad_hard_link("hard-link-to-the-root", "a hard link to `.`", b"."),
    *bad_hard_link("hard-link-to-nothing", "a hard link to a name that is not in the archive", b"etc/missing"),
    *both("hard-links-in-a-circle", "two hard links to each other", "both are refused by name; the others come",
          around(hard_link(b"etc/h", b"etc/i"), hard_link(b"etc/i", b"etc/h")), codes=REFUSED, says=("etc/h", "etc/i"),
          absent=(b"etc/h", b"etc/i"), indexed={"codes": CONTRADICTION}),
    *both("hard-link-to-a-later-file", "a hard link to a file that comes behind it",
          "named, since its content is not there yet; the file and the others come",
          around(hard_link(b"etc/h", b"etc/i", b"later\n"), file(b"etc/i", b"later\n")), codes=REFUSED, says=("etc/h",),
          restored=INNOCENT | {b"etc/i": b"later\n"}, indexed={"codes": CONTRADICTION}),
    *both("hard-link-to-a-refused-file", "a hard link to a file that is refused, whose name lies outside",
          "both are refused by name; the others come",
          around(symlink(b"etc/a", OUTSIDE), file(b"etc/a/" + KEPT),
                 hard_link(b"etc/h", b"etc/a/" + KEPT, b"planted\n")),
          codes=REFUSED, says=("etc/a/kept.txt", "etc/h"), absent=(b"etc/h",), indexed={"codes": CONTRADICTION}),
    *both("hard-link-to-a-link-then-below-it", "a hard link to a link to outside, then a file below the hard link",
          "the names of the link are restored, the file refused; the others come",
          around(symlink(b"etc/a", OUTSIDE), hard_link(b"etc/out", b"etc/a").said(sha256=None, size=0), PLANTED),
          **REFUSED_BELOW),
]

OTHERS = [
    *both("links-that-lead-out", "links to outside, of which nothing makes use",
          "restored as they are: a link is only followed by who uses it",
          around(symlink(b"etc/a", OUTSIDE), symlink(b"etc/b", UP), symlink(b"etc/c", b"../../../../../../../..")),
          restored=INNOCENT | {b"etc/a": Link(OUTSIDE), b"etc/b": Link(UP), b"etc/c": Link(b"../../../../../../../..")},
          as_user=True),
    *both("link-with-attributes", "a link to a file outside, with attributes, an owner and a mode of its own",
          "they are the link's or are named as not set; the file outside keeps its own",
          around(symlink(b"etc/a", OUTSIDE_FILE, uid=1, gid=1,
                         attributes={b"trusted.hostile": b"1", b"user.hostile": b"1"})),
          codes=Codes(restore=None, keep_going=None),
          restored=INNOCENT | {b"etc/a": Link(OUTSIDE_FILE)}),
    Case("link-with-flags-indexed", "a line of the index that gives a link to a file outside the inode flags `ai`",
         "the flags are named as not set; the file outside keeps its own",
         lambda: indexed(around(symlink(b"etc/a", OUTSIDE_FILE).said(flags="ai"))),
         codes=Codes(restore=None, keep_going=None), restored=INNOCENT | {b"etc/a": Link(OUTSIDE_FILE)}),
    *both("link-with-a-target-of-64-kib", "a symbolic link with a target of 64 KiB", "named; the others come",
          around(symlink(b"etc/a", b"t/" * 32_768)), codes=REFUSED, says=("etc/a",), absent=(b"etc/a",)),
    *both("link-without-a-target", "a symbolic link and a hard link without a target",
          "damage at that byte of the tar; what lies before it comes",
          around(symlink(b"etc/a", b"")), codes=BROKEN, says=("a link without a target",),
          restored={b"etc/0-before": b"before\n"}, absent=(b"etc/a",),
          indexed={"codes": BROKEN, "says": ("target is missing",), "restored": INNOCENT,
                   "must": "damage of that block"}),
    Case("link-whose-tar-leads-elsewhere-indexed", "a link that leads inside in the index, and outside in the tar",
         "damage of that entry, and no link; the others come",
         lambda: indexed(around(symlink(b"etc/a", b"0-before").stored(symlink(b"etc/a", OUTSIDE).tar))),
         codes=BROKEN_DATA, says=("etc/a",), absent=(b"etc/a",)),
    Case("file-whose-tar-is-a-link-indexed",
         "a file in the index that is a link to outside in the tar, then a file below",
         "damage of the entry, and the file below it comes or is refused; the others come",
         lambda: indexed(around(directory(b"etc/out").stored(symlink(b"etc/out", OUTSIDE).tar), PLANTED)),
         codes=BROKEN_DATA, says=("etc/out",)),
]

CASES = [*PARENTS, *SAME_NAMES, *HARD_LINKS, *OTHERS]
