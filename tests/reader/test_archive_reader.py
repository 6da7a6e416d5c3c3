"""The second reader, tried on archives that Python made: what is right is read, and what is damaged is noticed.

    /usr/bin/python3 -m pytest tests/reader/test_archive_reader.py
"""

import hashlib
import struct
import subprocess
import zipfile

import pytest

from archive_check import verify
from archive_reader import Archive
from gzip_members import CorruptArchive
from made_archive import MadeArchive, entry, sparse_entry
from tar_entry import acl_in_kernel_form, attributes_digest

LARGE = hashlib.shake_128(b"large").digest(5 << 18)
ATTRIBUTES = {b"user.note": b"x", b"system.posix_acl_access": acl_in_kernel_form(b"user::rw-,group::r--,other::r--")}


class Bytes:
    """An archive in memory."""

    def __init__(self, raw):
        self.raw = raw

    def size(self):
        return len(self.raw)

    def read(self, offset, length):
        return self.raw[offset:offset + length]


def objects():
    """What the archives of these tests hold, in order."""
    etc = [
        entry("etc", "dir", mode="0755"),
        entry("etc/a", "file", b"hello\n", mode="4755", mtime="1700000000.000000000"),
        entry("etc/a/deep" + "/x" * 200, "file", b"long path"),
        entry("etc/a-b", "symlink", target="a"),
        entry("etc/attributes", "file", b"", {"SCHILY.xattr.user.note": "x",
                                              "SCHILY.acl.access": "user::rw-,group::r--,other::r--"},
              xattrs_sha256=attributes_digest(ATTRIBUTES)),
        entry("etc/large", "file", LARGE),
        entry("etc/link", "hardlink", target="etc/a", size=6, sha256=hashlib.sha256(b"hello\n").hexdigest()),
        entry("etc/null", "char", rdev="1:3"),
        entry("etc/old", "file", b"", mtime="-1.500000000"),
        sparse_entry("etc/sparse", 3 << 20, [(4096, b"one" * 100), (1 << 20, b"two"), (3 << 20, b"")]),
        *(entry(f"etc/t{number:03}", "file", b"%d" % number * 40) for number in range(60)),
        entry(b"etc/\xff\xfe", "file", b"not UTF-8", mtime="1700000000.000000000"),
    ]
    # A configured directory that is a link: the order begins anew behind what it leads to.
    return {"/etc": etc, "/lib": [entry("lib", "symlink", target="usr/lib"), entry("usr/lib", "dir"),
                                  entry("usr/lib/so", "file", b"so")],
            "/mnt": [entry("mnt", "dir"), entry("mnt/a", "file", b"a")]}


@pytest.fixture
def made():
    return MadeArchive(objects())


def opened(made):
    return Archive(Bytes(made.build()))


def refuses(raw, words, use=verify):
    with pytest.raises(CorruptArchive, match=words):
        use(Archive(Bytes(raw)))


def test_other_programs_read_what_the_test_makes(made, tmp_path):
    file = tmp_path / "made.zip"
    file.write_bytes(made.build())
    assert zipfile.ZipFile(file).testzip() is None
    listed = subprocess.run(f"unzip -p {file} etc.tar.gz | tar -tzf -", shell=True, check=True, capture_output=True)
    assert listed.stdout.splitlines()[:2] == [b"etc/", b"etc/a"] and listed.stderr == b""


def test_everything_agrees(made):
    assert verify(opened(made)) == 76


def test_every_object_is_found_and_read_alone(made):
    archive = opened(made)
    for line in archive.lines():
        path = line["path"].encode() if "path" in line else b"etc/\xff\xfe"
        found = archive.read(path, follow=False)
        assert (found.path, found.type) == (path, line["type"])
        assert found.type != "file" or hashlib.sha256(found.content()).hexdigest() == line["sha256"]


def test_what_is_not_there_is_not_found(made):
    archive = opened(made)
    for path in (b"a", b"etc/a/", b"etc/aa", b"etc/t999", b"usr", b"usr/lib/zz", b"zz", b"."):
        assert archive.find(path) is None, path


def test_content_comes_with_its_holes_and_through_hard_links(made):
    archive = opened(made)
    content = archive.read(b"etc/sparse").content()
    assert len(content) == 3 << 20 and content[4096:4396] == b"one" * 100 and content[1 << 20:][:3] == b"two"
    assert archive.read(b"etc/link").content() == b"hello\n"
    assert archive.read(b"etc/large").content() == LARGE


def test_one_file_takes_three_reads_or_four(made):
    archive = opened(made)
    archive.read(b"etc/t030")
    assert archive.reads <= 3

    made.padding = 400_000
    archive = opened(made)
    archive.read(b"etc/t030")
    assert archive.reads == 4
    assert archive.bytes_read < 400_000


def test_times_before_1970_are_read(made):
    assert opened(made).read(b"etc/old").mtime == "-1.500000000"


def test_a_path_behind_a_block_that_begins_anew_is_found(made):
    made.lines_per_block = 1
    assert opened(made).read(b"mnt/a").content() == b"a"


def test_a_flipped_byte_in_the_index_is_noticed(made):
    raw = bytearray(made.build())
    place = opened(made).manifest["index"]
    raw[place["offset"] + place["length"] // 2] ^= 1
    refuses(raw, "CRC of osbackup/index")
    refuses(raw, "digest of a block", lambda archive: list(archive.lines()))


@pytest.mark.parametrize("name", ["index", "blocks", "warnings"])
def test_a_digest_that_does_not_match_is_noticed(made, name):
    made.change_manifest = lambda manifest: manifest | {name: manifest[name] | {"sha256": "0" * 64}}
    refuses(made.build(), f"digest of (the )?{name}")


@pytest.mark.parametrize("key", ["offset", "length"])
@pytest.mark.parametrize("value", [-1, 0, 1 << 70, "1", True, None])
def test_a_wrong_place_in_the_manifest_is_noticed(made, key, value):
    def change(manifest):
        manifest["directories"][0][key] = value
        return manifest
    made.change_manifest = change
    refuses(made.build(), "disagree|not a number", lambda archive: archive)


def test_a_manifest_of_another_version_is_refused(made):
    for change in ({"format": 2}, {"requires": ["encryption"]}, {"requires": None}):
        made.change_manifest = lambda manifest, change=change: manifest | change
        refuses(made.build(), "newer reader", lambda archive: archive)


@pytest.mark.parametrize("length", [0, 31, 1 << 63, 100, 1 << 20])
def test_a_member_that_lies_about_its_length_is_noticed(made, length):
    def change(members):
        members[0] = members[0][:16] + struct.pack("<Q", length) + members[0][24:]
        return members
    made.change_members = change
    refuses(made.build(), "OB|gzip member")


@pytest.mark.parametrize("key", ["member", "skip", "span", "dir"])
@pytest.mark.parametrize("value", [1, 512, 1 << 40, (1 << 64) - 1, -1, "0"])
def test_a_wrong_place_in_the_index_is_noticed(made, key, value):
    def change(lines):
        return [line | {key: value} if line.get("path") == "etc/t030" else line for line in lines]
    made.change_lines = change
    refuses(made.build(), "", lambda archive: archive.read(b"etc/t030"))
    refuses(made.build(), "")


@pytest.mark.parametrize("change", [
    {"size": 1}, {"sha256": "0" * 64}, {"mode": "0600"}, {"uid": 1}, {"mtime": "1.000000000"}, {"type": "dir"},
    {"user": "nobody"}, {"target": "x"}, {"xattrs_sha256": "0" * 64}, {"holes": True}, {"rdev": "1:1"}])
def test_a_line_that_contradicts_the_tar_is_noticed(made, change):
    made.change_lines = lambda lines: [
        line | change if line.get("path") == "etc/t030" else line for line in lines]
    refuses(made.build(), "etc/t030")


def test_lines_that_are_missing_or_too_many_are_noticed(made):
    made.change_lines = lambda lines: lines[:-1]
    refuses(made.build(), "more entries")
    made.change_lines = lambda lines: lines + [lines[-1] | {"path": "zz"}]
    refuses(made.build(), "more lines")


def test_lines_out_of_order_are_noticed(made):
    made.change_lines = lambda lines: [lines[1], lines[0], *lines[2:]]
    refuses(made.build(), "not in order")


def test_blocks_that_do_not_fit_the_index_are_noticed(made):
    for change in (lambda blocks: blocks[1:], lambda blocks: blocks[:-1],
                   lambda blocks: [blocks[0] | {"lines": 2}, *blocks[1:]],
                   lambda blocks: [blocks[0] | {"last": "etc/b"}, *blocks[1:]],
                   lambda blocks: [blocks[0] | {"length": blocks[0]["length"] + blocks[1]["length"]}, *blocks[2:]]):
        made.change_blocks = change
        refuses(made.build(), "block|lines")


def test_a_truncated_archive_is_noticed_wherever_it_ends(made):
    del made.directories["/etc"]
    raw = made.build()
    for size in range(len(raw)):
        refuses(raw[:size], "", lambda archive: archive)


def test_something_behind_the_archive_is_noticed(made):
    refuses(made.build() + b"\0", "end record", lambda archive: archive)


def test_no_flipped_bit_goes_unnoticed_or_crashes_the_reader(made):
    for path in ("/etc", "/lib"):
        del made.directories[path]
    raw = made.build()
    # What says nothing about the content: versions, times, the number of a disk, the lower half of the attributes.
    harmless = {b"PK\3\4": {4, 5, *range(10, 14)}, b"PK\1\2": {4, 6, 7, *range(12, 16), *range(34, 40)}}
    for at in range(len(raw)):
        record = raw.rfind(b"PK", 0, at + 1)
        if at - record in harmless.get(raw[record:record + 4], set()):
            continue
        damaged = bytearray(raw)
        damaged[at] ^= 0x10
        refuses(bytes(damaged), "")
