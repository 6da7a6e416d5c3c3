"""Indexes, lists and manifests that contradict the tars, the zip or themselves, with all digests right."""

import json
from dataclasses import replace

import crafted
from case import (AFTER, ANY, BEFORE, BESIDE, BROKEN, BROKEN_DATA, CONTRADICTION, GOOD, INNOCENT, NEWER,
                  OUTSIDE, ROOT, Case, Codes, around, broken_zip)
from crafted import deflated_zeros, directory, file, gzip_member, indexed, sha256

A = file(b"etc/a", b"content of a\n")
B = file(b"etc/b", b"content of b\n")
BLOCK = "damage of that block of the index; with --keep-going all that the tars have comes"
ENTRY = "damage of that entry; the others come"
LISTS = "damage of the list of blocks: nothing of the index is used"
NESTED = 10_000
A_RANDOM = file(b"etc/a", b"".join(crafted.sha256(bytes([number])).encode() for number in range(64)))
FOUND_RANDOM = INNOCENT | {b"etc/a": A_RANDOM.tar[512:512 + 4096]}
FOUND = INNOCENT | {b"etc/a": b"content of a\n"}  # In the tar, whatever the index says.


def bad_line(name, tries, says, thing=A, **line):
    """A line of the index that no index has."""
    return Case(name, tries, BLOCK, lambda: indexed(around(thing.said(**line))), codes=BROKEN, says=(says,),
                restored=FOUND if thing is A else INNOCENT)


def raw_line(name, tries, says, raw):
    return Case(name, tries, BLOCK, lambda: indexed(around(A), lines=lambda lines: [*lines[:2], raw, *lines[3:]]),
                codes=BROKEN, says=(says,), restored=FOUND)


def bad_entry(name, tries, thing, says="etc/a", **values):
    """A line that the tar contradicts."""
    return Case(name, tries, ENTRY, lambda: indexed(around(thing)), **{"codes": BROKEN_DATA, "says": (says,), **values})


def odd_entry(name, tries, thing):
    """A line that the tar contradicts in what no reader has to compare."""
    return Case(name, tries, "as the index or the tar says, or damage of that entry; the others come",
                lambda: indexed(around(thing)), codes=Codes(GOOD, None, None, None), says=("etc/a",))


def bad_place(name, tries, says, codes=BROKEN, is_in_the_way=False, **place):
    """A line that points to somewhere else; the one behind it may point to what lies before that, and is lost."""
    return Case(name, tries, ENTRY if codes == BROKEN_DATA else BLOCK,
                lambda: indexed(around(A, B), lines=lambda lines: [*lines[:2], moved(lines, place), *lines[3:]]),
                codes=codes, says=(says,), absent=(b"etc/a",) if codes == BROKEN_DATA else (),
                restored=INNOCENT | ({} if is_in_the_way else {b"etc/b": b"content of b\n"}))


def moved(lines, place):
    """The third line in another place; a function makes a number of the others' lines."""
    return lines[2] | {key: value(lines) if callable(value) else value for key, value in place.items()}


def bad_blocks(name, tries, says, change):
    return broken_zip(name, tries, LISTS, lambda: indexed(around(A), blocks=change), says=(says,))


def bad_manifest(name, tries, says, change, must="damage, found before anything is read", **values):
    return broken_zip(name, tries, must, lambda: indexed(around(A), manifest=change), says=(says,), **values)


def with_block(number, **values):
    return lambda blocks: [block | values if at == number else block for at, block in enumerate(blocks)]


def with_list(key, **values):
    return lambda manifest: manifest | {key: manifest[key] | values}


def with_directory(**values):
    return lambda manifest: manifest | {"directories": [manifest["directories"][0] | values]}


def bomb_member(mebibytes, isize):
    packed, crc = deflated_zeros(mebibytes)
    return gzip_member(b"", packed=packed, crc=crc, isize=isize)


def of_one_path(count):
    """An archive whose index has so many lines of one path, in blocks as large as a reader takes."""
    thing = directory(b"etc/a").said(user=None, group=None)
    line = lambda lines: crafted.as_json([lines[2]])
    return lambda: indexed(around(thing), lines=lambda lines: [
                               *lines[:2], *with_another_behind([line(lines)] * count), lines[3]],
                           groups=lambda lines: [[lines[0]], [lines[1]], *large_groups(lines[2:-1]), [lines[-1]]],
                           blocks=lambda blocks: [block | {"first": "etc/a", "last": "etc/b"}
                                                  if block["lines"] > 1 else block for block in blocks])


def large_groups(lines):
    size = (4 << 20) // len(lines[0]) - 1
    return [lines[at:at + size] for at in range(0, len(lines), size)]


def with_another_behind(lines):
    """Each group ends with a path that comes behind the others', as the list of blocks says."""
    groups = large_groups(lines)
    return [line for group in groups for line in [*group[:-1], group[-1].replace(b"etc/a", b"etc/b")]]


def of_long_paths(count, place):
    """An archive whose index has so many lines of 250 KiB each behind that of etc/a, in places that it does not have."""
    path = "etc/mm/" + "/".join(["d" * 240] * 1060) + "/{:05}"
    return lambda: indexed(around(A_RANDOM), lines=lambda lines: [
                               *lines[:3], *(lines[2] | {"path": path.format(number)} | place(lines[2], number)
                                             for number in range(count)), lines[3]],
                           groups=lambda lines: [*([line] for line in lines[:3]),
                                                 *(lines[at:at + 12] for at in range(3, count + 3, 12)), lines[-1:]])


def again_and_again(count):
    """An archive with so many blocks, of each of which the order begins anew, and all have the same path."""
    return lambda: indexed([ROOT, BEFORE, *[A] * count, AFTER])


LINES = [
    bad_line("line-of-another-type", "a type that there is not", "type is not one that is known", type="socket"),
    bad_line("line-with-a-mode-of-5-digits", "a mode of five digits", "mode is not 4 octal digits", mode="07777"),
    bad_line("line-with-a-size-of-2-to-the-63", "a file of 2^63 bytes", "size is not a whole number", size=2**63),
    bad_line("line-with-a-size-of-2-to-the-64", "a file of 2^64 bytes", "size is not a whole number", size=2**64),
    bad_line("line-with-a-size-below-zero", "a file of -1 bytes", "size is not a whole number", size=-1),
    bad_line("line-with-a-size-of-text", "a size that is text", "size is not a whole number", size="13"),
    bad_line("line-with-flags-of-signs", "inode flags that are an escape sequence", "flags", flags="\x1b[2J"),
    bad_line("line-with-a-target-of-nul", "a symbolic link whose target has a NUL in it",
             "target is not a text without NUL",
             crafted.symlink(b"etc/a", b"x"), target="x\0y"),
    raw_line("line-with-two-paths", "a line with the key `path` twice, the second leading out", "path",
             b'{"path":"etc/mm-raw","path":"../sentinel/planted","type":"dir"}\n'),
    raw_line("line-of-nested-lists", "a line of 10,000 lists in each other", "line 1",
             b"[" * NESTED + b"]" * NESTED + b"\n"),
    raw_line("line-that-is-no-object", "a line that is a number", "not a JSON object", b"1\n"),
    raw_line("line-without-an-end", "a block whose line does not end", "a line does not end", b'{"path":"etc/mm-raw"}'),
    raw_line("line-with-half-a-surrogate", "a path with half of a surrogate pair", "line 1",
             b'{"path":"etc/\\ud800","type":"dir"}\n'),
    bad_place("line-of-another-directory", "a line of the second directory, and there is one",
              "dir 1, and there are 1 directories", dir=1),
    bad_place("span-beyond-its-directory", "a span that goes a byte beyond the directory's data",
              "are not inside the",
              span=lambda lines: lines[-1]["member"] + lines[-1]["span"] - lines[2]["member"] + 1),
    bad_place("span-that-wraps", "a member and a span whose sum wraps to inside", "are not inside the",
              member=2**64 - 100, span=200),
    bad_place("skip-inside-a-record", "a skip that is not a multiple of 512", "skip is not a multiple of 512", skip=1),
    bad_place("skip-of-2-to-the-63", "a skip of 2^63", "skip is not a whole number", skip=2**63),
    bad_place("span-of-0", "a span of no bytes", "are not inside the", span=0),
]

# The line is right for an index, and the tar does not have that entry there.
PLACES = [
    bad_place("span-of-another-file", "a line that points to another file's records", "etc/", BROKEN_DATA,
              is_in_the_way=True, member=lambda lines: lines[3]["member"], span=lambda lines: lines[3]["span"]),
    bad_place("span-inside-a-member", "a line that points to the middle of a gzip member", "etc/a", BROKEN_DATA,
              member=lambda lines: lines[2]["member"] + 20, span=lambda lines: lines[2]["span"] - 20),
    replace(bad_place("span-cut-short", "a span that ends inside its member", "gzip member", BROKEN_DATA,
                      span=lambda lines: lines[2]["span"] - 1),
            must="damage of that member; all objects come, by their digests", absent=(),
            restored={**INNOCENT, b"etc/a": b"content of a\n", b"etc/b": b"content of b\n"}),
    bad_place("skip-to-the-content", "a skip to the content of the file", "etc/a", BROKEN_DATA, skip=512),
    bad_place("skip-beyond-the-member", "a skip beyond the end of the member", "etc/a", BROKEN_DATA, skip=1_000_448),
    Case("spans-that-overlap", "a line whose span goes over the members of the entries behind it",
         ENTRY,
         lambda: indexed(around(A, B), lines=lambda lines: [
             *lines[:2], moved(lines, {"span": lambda lines: sum(each["span"] for each in lines[2:4])}), *lines[3:]]),
         codes=BROKEN_DATA, says=("etc/",), absent=(b"etc/a",), restored=INNOCENT | {b"etc/b": b"content of b\n"}),
    Case("skip-into-a-raw-record",
         "a line that points to a tar header in the content of another file, whose digest is right",
         "restored as the index says, or damage of that entry; the others come",
         lambda: indexed(around(file(b"etc/a", B.tar), B),
                         lines=lambda lines: [*lines[:3], lines[2] | B.line | {"skip": 512},
                                              *lines[4:]]),
         codes=Codes(GOOD, None, None, None), right={b"etc/b": b"content of b\n"}),
    Case("span-in-another-directory",
         "a line of one directory that points to the same path's records in another's data",
         "damage of that entry, and of those behind it, which lie before what it points to",
         lambda: indexed({b"/etc": around(A), b"/srv": [directory(b"srv"), file(b"etc/a", b"of another\n")]},
                         lines=lambda lines: [*lines[:2],
                                              lines[2] | {key: lines[5][key] for key in ("dir", "member", "span")},
                                              *lines[3:5]]),
         codes=BROKEN_DATA, says=("etc/",), restored={b"etc/0-before": b"before\n"}),
]

ENTRIES = [
    bad_entry("path-that-the-tar-denies", "a line with another path than the tar", A.said(path="etc/b"), "etc/b",
              absent=(b"etc/a", b"etc/b")),
    bad_entry("path-that-leads-out-in-the-tar", "a line with an innocent path, of an entry that leads out",
              A.stored(file(BESIDE + b"/planted", b"content of a\n").tar), absent=(b"etc/a",)),
    bad_entry("type-that-the-tar-denies", "a directory in the index that is a file in the tar",
              directory(b"etc/a").stored(A.tar), absent=(b"etc/a",)),
    bad_entry("size-that-the-tar-denies", "a size that is one more than the tar's", A.said(size=14),
              absent=(b"etc/a",)),
    bad_entry("size-far-beyond-the-tar", "a size of 2^62, and a tar of 13 bytes", A.said(size=2**62),
              absent=(b"etc/a",)),
    odd_entry("target-that-the-tar-denies", "a hard link to an innocent file in the index, to one outside in the tar",
              crafted.hard_link(b"etc/a", b"etc/0-before", b"before\n").stored(
                  crafted.hard_link(b"etc/a", OUTSIDE + b"/kept.txt").tar)),
    odd_entry("device-that-the-tar-denies", "the device of /dev/null in the index, a disk in the tar",
              crafted.stored(b"etc/a", "char", device=(1, 3), mode=0o600).stored(
                  crafted.stored(b"etc/a", "char", device=(8, 0), mode=0o600).tar)),
    bad_entry("digest-that-is-wrong", "content of another digest than the index has", A.said(sha256=sha256(b"other")),
              absent=(b"etc/a",)),
    bad_entry("digest-of-a-large-file-that-is-wrong", "the same of a file of three members' length",
              file(b"etc/a", b"x" * (3 << 20)).said(sha256=sha256(b"other")), absent=(b"etc/a",)),
    odd_entry("attributes-digest-that-is-wrong", "attributes of another digest than the index has",
              file(b"etc/a", attributes={b"user.a": b"1"}).said(xattrs_sha256=sha256(b"other"))),
    odd_entry("holes-that-the-tar-denies", "holes in the index, and none in the tar", A.said(holes=True)),
    odd_entry("holes-that-the-index-denies", "a sparse file in the tar, and none in the index",
              crafted.sparse_file(b"etc/a", 4096, [(0, b"x" * 512)]).said(holes=None)),
]

BLOCKS = [
    Case("block-out-of-order", "a block whose paths between its ends are not in order", BLOCK,
         lambda: indexed([ROOT, BEFORE, A, file(b"etc/d"), file(b"etc/c"), file(b"etc/e"), AFTER],
                         groups=lambda lines: [lines[:2], lines[2:6], lines[6:]]), codes=BROKEN,
         says=("its paths are not in order",)),
    Case("block-with-a-path-twice", "a block with a path twice", BLOCK,
         lambda: indexed([ROOT, BEFORE, A, A, B, AFTER], groups=lambda lines: [lines[:2], lines[2:5], lines[5:]]),
         codes=BROKEN, says=("its paths are not in order",)),
    Case("block-with-another-first-path", "a block that begins with another path than the list says", BLOCK,
         lambda: indexed(around(A), blocks=with_block(2, first="etc/b", last="etc/b")), codes=BROKEN,
         says=("it begins or ends with another path",), restored=FOUND),
    Case("block-with-fewer-lines", "a block with fewer lines than the list says, and another with more", BLOCK,
         lambda: indexed(around(A, B), groups=lambda lines: [lines[:1], lines[1:2], lines[2:4], lines[4:]],
                         blocks=lambda blocks: with_block(2, lines=1, last="etc/a")(
                             with_block(3, lines=2, last="etc/zzz")(blocks))), codes=BROKEN,
         says=("and the list of blocks says",), restored={b"etc/0-before": b"before\n"}),
    Case("block-with-another-digest", "a block of another digest than the list says", BLOCK,
         lambda: indexed(around(A), blocks=with_block(2, sha256=sha256(b"other"))), codes=BROKEN,
         says=("the digest does not match",), restored=FOUND),
    Case("block-of-90-mib", "a block that inflates to 90 MiB of zeros and says 64 KiB", BLOCK,
         lambda: indexed(around(A),
                         index_members=lambda members: [*members[:2], bomb_member(90, 1 << 16), *members[3:]]),
         codes=BROKEN, says=("holds more than",), restored=FOUND),
    Case("block-of-1-gib", "a block that inflates to 1 GiB of zeros and says 4 MiB", BLOCK,
         lambda: indexed(around(A),
                         index_members=lambda members: [*members[:2], bomb_member(1024, 4 << 20), *members[3:]]),
         codes=BROKEN, says=("holds more than",), restored=FOUND, is_kept=False),
    Case("block-of-3-mib-of-lines", "a block of 3 MiB of empty lines", BLOCK,
         lambda: indexed(around(A),
                         index_members=lambda members: [*members[:2], gzip_member(b"\n" * (3 << 20)), *members[3:]]),
         codes=BROKEN, says=("line 1",), restored=FOUND),
    Case("path-a-hundred-thousand-times", "100,000 lines of one path in a few KiB", BLOCK, of_one_path(100_000),
         codes=BROKEN, says=("its paths are not in order",)),
    Case("path-in-a-hundred-blocks", "100 blocks, each with one line of the same path and place",
         "the first is restored, the others refused; the others come", again_and_again(100),
         codes=CONTRADICTION, says=("etc/a",), restored=INNOCENT | {b"etc/a": b"content of a\n"}),
    Case("paths-of-300-mib", "1,200 lines with paths of 250 KiB, all of one member, which leaves no room for such names",
         "damage of those entries, in bounded memory; the others come", of_long_paths(1200, lambda line, number: {"skip": 512 * number + 4096}),
         codes=BROKEN_DATA, says=("whose name takes",), restored=FOUND_RANDOM, is_kept=False),
    Case("paths-of-300-mib-in-places", "1,200 lines with paths of 250 KiB, each of another member where none begins",
         "damage of those entries, in bounded memory; the others come",
         of_long_paths(1200, lambda line, number: {"member": line["member"] + number + 1, "span": 1}),
         codes=BROKEN_DATA, says=("etc/mm/ddd",), restored=FOUND_RANDOM, is_kept=False),
    Case("order-that-goes-backwards", "blocks in the opposite order: the order begins anew with each",
         "read: each block is looked into; objects below a directory that comes later are restored or named",
         lambda: indexed([AFTER, B, A, BEFORE, ROOT]), codes=Codes(check=None)),
    bad_blocks("blocks-with-a-gap", "a list of blocks with a gap between two", "follows one that ends at",
               lambda blocks: with_block(2, offset=blocks[2]["offset"] + 1)(blocks)),
    bad_blocks("blocks-with-a-block-left-out", "a list without one of the blocks", "follows one that ends at",
               lambda blocks: [*blocks[:2], *blocks[3:]]),
    bad_blocks("block-of-2-to-the-63", "a block of 2^63 bytes", "length is not a whole number",
               with_block(2, length=2**63)),
    bad_blocks("block-beyond-the-index", "a block that goes beyond the index", "the blocks are longer than the index",
               with_block(3, length=2**20)),
    bad_blocks("block-without-lines", "a block without lines", "a block without lines", with_block(2, lines=0)),
    bad_blocks("block-that-ends-before-it-begins", "a block whose last path comes before its first",
               "last does not come behind first", with_block(2, lines=2, first="etc/b", last="etc/a")),
    bad_blocks("block-of-a-path-with-dotdot", "a block whose first path leads out", "first is not a path of an index",
               with_block(2, first="../sentinel", last="../sentinel")),
    broken_zip("list-of-90-mib", "a list of blocks that inflates to 90 MiB of zeros and says 64 KiB", LISTS,
               lambda: indexed(around(A), list_member=lambda _: bomb_member(90, 1 << 16)), says=("holds more than",)),
    broken_zip("list-that-is-no-gzip", "a list of blocks that is not gzip", LISTS,
               lambda: indexed(around(A), list_member=lambda member: b"x" * len(member)),
               says=("does not begin as the format says",)),
]

MANIFESTS = [
    bad_manifest("format-of-the-future", "format 2", "made by a newer osbackup", lambda each: each | {"format": 2},
                 "says that a newer osbackup is needed", codes=NEWER),
    bad_manifest("feature-of-the-future", "a feature that is not known, with an escape sequence in its name",
                 "made by a newer osbackup", lambda each: each | {"requires": ["\x1b[2Jincremental"]},
                 "says that a newer osbackup is needed", codes=NEWER),
    bad_manifest("format-of-0", "format 0", "format is not 1", lambda each: each | {"format": 0}),
    bad_manifest("hostname-of-escapes", "a host's name with an escape sequence in it",
                 "hostname is not text without control",
                 lambda each: each | {"hostname": "web\x1b[2J"}),
    bad_manifest("manifest-of-nested-lists", "a manifest of 10,000 lists in each other", "osbackup/manifest.json",
                 lambda each: b'{"format":1,"requires":' + b"[" * NESTED + b"]" * NESTED + b"}\n"),
    bad_manifest("manifest-of-33-kib", "a manifest that is longer than one may be", "a manifest has at most 32768",
                 lambda each: each | {"tool": "t" * 33_000}),
    bad_manifest("manifest-with-two-formats", "the key `format` twice, 2 and 1", "osbackup/manifest.json",
                 lambda each: b'{"format":2,' + json.dumps(each).encode()[1:] + b"\n",
                 "refused or read as the last one says",
                 codes=ANY),
    bad_manifest("index-beyond-the-zip", "an index that begins behind the end of the zip", "the manifest says that",
                 with_list("index", offset=2**40)),
    bad_manifest("index-that-wraps", "an index of 2^64-1 bytes", "the manifest says that",
                 with_list("index", length=2**64 - 1)),
    bad_manifest("index-that-is-the-list", "index and list of blocks in the same place", "the manifest says that",
                 lambda each: each | {"index": each["blocks"]}),
    bad_manifest("index-of-2-to-the-63-lines", "an index that says that it has 2^63 lines", "and the index",
                 with_list("index", lines=2**63)),
    bad_manifest("list-of-another-digest", "a list of blocks of another digest", "the digest does not match",
                 with_list("blocks", sha256=sha256(b"other"))),
    bad_manifest("data-in-another-place", "a directory's data that begin a byte later", "the manifest says that",
                 lambda each: with_directory(offset=each["directories"][0]["offset"] + 1)(each)),
    bad_manifest("data-of-2-to-the-63", "a directory's data of 2^63 bytes", "the manifest says that",
                 with_directory(length=2**63)),
    bad_manifest("directory-with-dotdot", "a directory `/etc/../..`", "path is not absolute and normalised",
                 with_directory(path="/etc/../..")),
    bad_manifest("directory-of-another-entry", "a directory whose data are the index's", "entry is not the name",
                 with_directory(entry="osbackup/index.jsonl.gz")),
    bad_manifest("directory-twice", "one directory twice", "out of order",
                 lambda each: each | {"directories": each["directories"] * 2}),
    bad_manifest("no-directories", "a manifest that leaves out the one directory", "entries with data",
                 lambda each: each | {"directories": []}),
    Case("counts-that-are-wrong-indexed", "counts of files and bytes of 2^64-1 in the manifest",
         "they are for people: what is there is restored",
         lambda: indexed(around(A),
                         manifest=with_directory(files=2**64 - 1, content_bytes=2**64 - 1, tar_bytes=2**64 - 1)),
         codes=Codes(check=None), restored=INNOCENT | {b"etc/a": b"content of a\n"}),
]

CASES = [*LINES, *PLACES, *ENTRIES, *BLOCKS, *MANIFESTS]
