"""Names that lead out of the target, or that a restore stumbles over."""

import crafted
from case import (AFTER, ANY, BEFORE, BESIDE, BROKEN, INNOCENT, OUTSIDE, REFUSED, REFUSED_NAME, ROOT, Case, around, both,
                  in_one_block)
from crafted import directory, file, pax_header, symlink, tar_header

LONG_COMPONENT = b"n" * 200 + b"/"
LONG_PATH = b"etc/long/" + LONG_COMPONENT * 1530 + b"end"
DEEP_PATH = b"etc/deep/" + b"d/" * 10_000 + b"end"
ODD_NAMES = (b"\x1b]0;owned\x07\x1b[2J", b"back\\slash", b"..\\..\\windows", b"C:x", b"new\nline", b"carriage\rreturn",
             b"\x7f", b"\xff\xfe", b"...", b"..x", b"-rf", b"--checkpoint-action=exec=false", b"~", b"$(false)",
             b"%2e%2e",
             b"\xe2\x80\xae txt.exe", b" ")


def refused_line(*things):
    """What has to come of an index with such names."""
    return {"codes": BROKEN, "says": ("a relative path",),
            "must": "damage of that block: no index has such a path; the "
            "others come", "archive": lambda: in_one_block(*things)}


def refused(name, tries, *things, says, **values):
    return both(name, tries, "refused by its name; the others come", around(*things), codes=REFUSED_NAME, says=says,
                indexed=refused_line(*things), **values)


def usable(name, tries, must, *things, **values):
    """A name that no index has, and that a tar may have."""
    return both(name, tries, must, around(*things), indexed=refused_line(*things) | {"restored": INNOCENT}, **values)


def leading_out(name, tries, path, **values):
    return refused(name, tries, file(path), says=(path.decode(),), **values)


def odd_files():
    return [file(b"etc/odd/" + name, name) for name in sorted(ODD_NAMES)]


CASES = [
    *usable("absolute-name", "a file with an absolute name", "restored below the target, which is said; the others come",
            file(OUTSIDE + b"/planted"), restored=INNOCENT | {OUTSIDE[1:] + b"/planted": b"planted\n"}, as_user=True),
    *leading_out("dotdot-at-the-begin", "a file whose name begins with `..`", BESIDE + b"/planted", as_user=True),
    *leading_out("dotdot-in-the-middle", "a file whose name leads out by `..` behind a directory",
                 b"etc/../" + BESIDE + b"/planted"),
    *leading_out("dotdot-that-stays-inside", "a file whose name has a `..` that leads nowhere else",
                 b"etc/x/../planted",
                 absent=(b"etc/planted",)),
    *refused("dotdot-only", "a directory `..`, to change the time and mode of what holds the target",
             directory(b"..", 0o755), says=("..",)),
    *refused("dotdot-at-the-end", "a directory `etc/d/..`", directory(b"etc/d"), directory(b"etc/d/..", 0o700),
             says=("etc/d/..",), absent=(b"planted",)),
    *usable("root-by-slash", "a directory `/`", "the target itself; the others come", directory(b"/", 0o755)),
    *both("root-is-a-link", "a symbolic link in place of the target itself", "refused; the others come",
          [symlink(b".", OUTSIDE), *around(), file(b"planted")], codes=REFUSED, says=("warning: /: ",),
          restored=INNOCENT | {b"planted": b"planted\n"}),
    *usable("empty-components", "names with empty components and `.`", "two of one name, of which the later one counts",
            file(b"etc//planted", b"first\n"), file(b"etc/./planted"),
            restored=INNOCENT | {b"etc/planted": b"planted\n"}),
    Case("no-name", "an entry without a name", "damage at that byte of the tar; what lies before it comes",
         lambda: crafted.plain(around(file(b""))), codes=BROKEN, says=("it has no path",),
         restored={b"etc/0-before": b"before\n"}),
    *both("odd-names", "names with escape sequences, line ends, backslashes, options, bytes that are not UTF-8",
          "nothing but names: restored to the byte, and printed without a control character",
          around(directory(b"etc/odd"), *odd_files()), as_user=True,
          restored=INNOCENT | {b"etc/odd/" + name: name for name in ODD_NAMES}),
    Case("nul-in-a-name", "a pax record of a path with a NUL in it: `etc/planted\\0.txt`",
         "damage at that byte of the tar; what lies before it comes",
         lambda: crafted.plain(around(file(b"x").stored(pax_header([(b"path", b"etc/planted\0.txt")]) +
                                                        tar_header(b"etc/x")))),
         codes=BROKEN, says=("there is a NUL in it",), restored={b"etc/0-before": b"before\n"},
         absent=(b"etc/planted",)),
    Case("nul-in-a-name-indexed", "a line of the index whose path has a NUL in it",
         "damage of that block; what the tar has under the name that it has there, and the others, come",
         lambda: in_one_block(file(b"etc/planted").said(path="etc/planted\0.txt")), codes=BROKEN,
         says=("path is not a text without NUL",),
         restored=INNOCENT | {b"etc/planted": b"planted\n"}),
    *both("path-of-300-kib", "a path of 300 KiB, in directories that no entry made",
          "restored by descriptors or named as too long; within the time limit; the others come",
          around(file(LONG_PATH)), codes=ANY),
    *both("path-of-10000-directories", "a path of 10,000 components",
          "restored by descriptors or named as too deep; within the time limit; the others come",
          around(file(DEEP_PATH)), codes=ANY),
    *both("component-of-300-bytes", "a name that no file system takes", "named; the others come",
          around(file(b"etc/" + b"n" * 300)), codes=REFUSED, says=("etc/nnnnnnnn",), as_user=True),
    *both("names-that-differ-by-case", "`Name`, `NAME` and `name`",
          "three files where the file system tells them apart; else the second and third are refused",
          around(file(b"etc/NAME", b"1"), file(b"etc/Name", b"2"), file(b"etc/name", b"3")),
          restored=INNOCENT | {b"etc/NAME": b"1", b"etc/Name": b"2", b"etc/name": b"3"}),
    *both("names-that-differ-by-normalisation", "one letter, composed and decomposed (Unicode NFC and NFD)",
          "two files where the file system tells them apart; else the second is refused",
          [ROOT, BEFORE, file(b"etc/e\xcc\x81", b"1"), AFTER, file(b"etc/\xc3\xa9", b"2")],
          restored=INNOCENT | {b"etc/e\xcc\x81": b"1", b"etc/\xc3\xa9": b"2"}),
    Case("base64-of-dotdot", "a line of the index that has `../sentinel/planted` in base64",
         "damage of that block: no index has such a path; the others come",
         lambda: in_one_block(file(b"etc/x").said(path=None, path_b64="Li4vc2VudGluZWwvcGxhbnRlZA==")), codes=BROKEN,
         says=("a relative path",)),
]
