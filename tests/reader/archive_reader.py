"""Reads an archive of format version 1 by ranges, as docs/format.md describes it.

A second reader, written from that page alone: it shares nothing with the program. It counts what it reads.
archive_check.py reads everything.

    archive = Archive("backup.zip")
    archive.find(b"etc/passwd")         # the line of the index
    archive.read(b"etc/passwd").content()
"""

import base64
import binascii
import hashlib
import json
import os
import zlib

import zip_directory
from gzip_members import CorruptArchive, MemberStream, inflate, member_length, require
from tar_entry import attributes_digest, read_entry

TAIL_BYTES = 128 << 10
MANIFEST_BYTES_MAX = 32 << 10
LIST_BYTES_MAX = 256 << 20
LISTS = ("index", "blocks", "warnings")
TEXT_ENTRIES = ("osbackup/RESTORE.txt", "osbackup/manifest.json")


class FileSource:
    """The bytes of a file, as any object with size() and read(offset, length) can stand for an archive."""

    def __init__(self, path):
        self.file = open(path, "rb")

    def size(self):
        return os.fstat(self.file.fileno()).st_size

    def read(self, offset, length):
        return os.pread(self.file.fileno(), length, offset)


def number(value, name):
    require(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64, f"{name} is not a number")
    return value


def raw_text(fields, key, default=None):
    """The bytes of a text that may stand as KEY_b64; `default` when it is absent."""
    if key not in fields and f"{key}_b64" not in fields:
        require(default is not None, f"there is no {key}")
        return default
    value = fields.get(key, fields.get(f"{key}_b64"))
    require(isinstance(value, str) and not (key in fields and f"{key}_b64" in fields), f"{key} is not a text")
    if key in fields:
        return value.encode()
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise CorruptArchive(f"{key}_b64 is not base64") from error


def order(path):
    """What paths are compared by."""
    return [] if path == b"." else path.split(b"/")


def parse_json(raw, what):
    try:
        fields = json.loads(raw)
    except ValueError as error:
        raise CorruptArchive(f"{what} is not JSON: {error}") from error
    require(isinstance(fields, dict), f"{what} is not an object")
    return fields


class Archive:
    """One archive. `reads` and `bytes_read` count what was asked of the source."""

    def __init__(self, source):
        self.source = FileSource(source) if isinstance(source, (str, os.PathLike)) else source
        self.reads = self.bytes_read = 0
        self.size = self.source.size()
        self.tail, self.tail_offset = b"", self.size
        tail_bytes = min(self.size, TAIL_BYTES)
        self.tail = self.range(self.size - tail_bytes, tail_bytes)
        self.tail_offset = self.size - tail_bytes
        self.entries = zip_directory.read_directory(self.range, self.size)
        self.by_name = {entry.name: entry for entry in self.entries}
        self.manifest = self.read_manifest()
        self.check_manifest()
        self._blocks = None

    def range(self, offset, length):
        """Bytes of the archive: out of the tail, or by one read."""
        require(offset >= 0 and length >= 0 and offset + length <= self.size, "a range beyond the end of the archive")
        if offset >= self.tail_offset:
            return self.tail[offset - self.tail_offset:offset - self.tail_offset + length]
        self.reads += 1
        self.bytes_read += length
        raw = self.source.read(offset, length)
        require(len(raw) == length, "the archive ends too early")
        return raw

    def read_manifest(self):
        entry = self.by_name.get("osbackup/manifest.json")
        require(entry is not None, "an archive without a manifest")
        require(entry.length <= MANIFEST_BYTES_MAX, "the manifest is too large")
        raw = self.range(entry.offset, entry.length)
        require(zlib.crc32(raw) == entry.crc, "the CRC of the manifest does not match")
        manifest = parse_json(raw, "the manifest")
        require(manifest.get("format") == 1 and manifest.get("requires") == [], "this archive needs a newer reader")
        return manifest

    def check_manifest(self):
        """That it says of the zip what the central directory says."""
        self.directories = self.manifest.get("directories")
        require(isinstance(self.directories, list) and all(isinstance(each, dict) for each in self.directories),
                "directories is not a list of objects")
        for name in LISTS:
            require(isinstance(self.manifest.get(name), dict), f"there is no {name} in the manifest")
        places = [(each.get("entry"), each) for each in self.directories]
        places += [(f"osbackup/{name}.jsonl.gz", self.manifest[name]) for name in LISTS]
        names = [name for name, _ in places] + list(TEXT_ENTRIES)
        require(names == [entry.name for entry in self.entries], "the zip has other entries than the manifest")
        for name, place in places:
            entry = self.by_name[name]
            require((number(place.get("offset"), "offset"), number(place.get("length"), "length")) ==
                    (entry.offset, entry.length), f"the manifest and the zip disagree about where {name} lies")

    def blocks(self):
        """The list of the index's blocks, read and checked once."""
        if self._blocks is None:
            place = self.manifest["blocks"]
            require(place["length"] <= LIST_BYTES_MAX, "the list of blocks is too large")
            raw = self.range(place["offset"], place["length"])
            require(hashlib.sha256(raw).hexdigest() == place.get("sha256"), "the digest of blocks does not match")
            self._blocks = [parse_json(line, "a line of blocks") for line in self.lines_in(raw)]
            require(len(self._blocks) == place.get("lines"), "blocks has not as many lines as the manifest says")
            self.check_blocks()
        return self._blocks

    def check_blocks(self):
        at = lines = 0
        for block in self._blocks:
            require(number(block.get("offset"), "offset") == at, "the blocks of the index do not follow each other")
            at += number(block.get("length"), "length")
            lines += number(block.get("lines"), "lines")
            block["keys"] = (order(raw_text(block, "first")), order(raw_text(block, "last")))
        index = self.manifest["index"]
        require(lines == index.get("lines"), "the blocks have not as many lines as the index")
        require(not self._blocks or at == index["length"], "the blocks are not the whole index")

    def lines_in(self, raw):
        """The lines of whole gzip members."""
        lines = []
        while raw:
            length = member_length(raw[:24], len(raw))
            text = inflate(raw[:length])
            require(not text or text.endswith(b"\n"), "a line goes on in another member")
            lines += text.split(b"\n")[:-1]
            raw = raw[length:]
        return lines

    def block_lines(self, block):
        """The lines of one block of the index, as objects."""
        raw = self.range(self.manifest["index"]["offset"] + block["offset"], block["length"])
        require(hashlib.sha256(raw).hexdigest() == block.get("sha256"), "the digest of a block does not match")
        require(member_length(raw[:24], len(raw)) == len(raw), "a block that is not one member")
        lines = [parse_json(line, "a line of the index") for line in self.lines_in(raw)]
        require(len(lines) == block["lines"], "a block has not as many lines as it says")
        keys = [order(raw_text(line, "path")) for line in lines]
        require(keys and (keys[0], keys[-1]) == block["keys"], "a block begins or ends with another path than it says")
        require(all(left < right for left, right in zip(keys, keys[1:])), "the paths in a block are not in order")
        return lines

    def candidates(self, key):
        """The blocks that may hold a path: found by halving, if the order does not begin anew."""
        blocks = self.blocks()
        if any(left["keys"][1] >= right["keys"][0] for left, right in zip(blocks, blocks[1:])):
            return [block for block in blocks if block["keys"][0] <= key <= block["keys"][1]]
        low, high = 0, len(blocks)
        while low < high:
            middle = (low + high) // 2
            if blocks[middle]["keys"][1] < key:
                low = middle + 1
            else:
                high = middle
        return [block for block in blocks[low:low + 1] if block["keys"][0] <= key]

    def find(self, path):
        """The index's line of a path; None when it has none."""
        for block in self.candidates(order(path)):
            for line in self.block_lines(block):
                if raw_text(line, "path") == path:
                    return line
        return None

    def lines(self):
        """Every line of the index, in order."""
        for block in self.blocks():
            yield from self.block_lines(block)

    def warnings(self):
        place = self.manifest["warnings"]
        require(place["length"] <= LIST_BYTES_MAX, "the list of warnings is too large")
        raw = self.range(place["offset"], place["length"])
        require(hashlib.sha256(raw).hexdigest() == place.get("sha256"), "the digest of warnings does not match")
        lines = [parse_json(line, "a line of warnings") for line in self.lines_in(raw)]
        require(len(lines) == place.get("lines"), "warnings has not as many lines as the manifest says")
        return lines

    def stream(self, directory, member, span):
        """The members of a directory's tar from `member` on."""
        require(directory < len(self.directories), "the index names a directory that is not in the manifest")
        place = self.directories[directory]
        require(member + span <= place["length"], "the index points beyond the end of a directory")

        def read(offset, length):
            return self.range(place["offset"] + offset, length)

        return MemberStream(read, member, span)

    def read(self, path, follow=True):
        """The entry of a path, checked against its line; of a hard link that with the content, unless not `follow`."""
        line = self.find(path)
        if line is None:
            raise KeyError(path)
        member, skip, span = (number(line.get(key), key) for key in ("member", "skip", "span"))
        stream = self.stream(number(line.get("dir"), "dir"), member, span)
        require(stream.place() == (member, 0) and skip < len(stream.content), "skip goes beyond the member")
        stream.read(skip)
        entry = read_entry(stream)
        require(entry is not None, "the index points to the end of a tar")
        require(stream.end == member + span, "the entry does not end where its span does")
        check_line(line, entry)
        if entry.type == "hardlink" and follow:
            require(entry.target != path, "a hard link to itself")
            first = self.read(entry.target, follow=False)
            require(first.type != "hardlink", "a hard link to a hard link")
            if first.type == "file":
                require((line.get("size"), line.get("sha256")) == (first.size, first.sha256()),
                        "a hard link does not say what its target does")
            return first
        return entry


def check_line(line, entry):
    """That a line of the index describes an entry of the tar."""
    is_content = entry.type in ("file", "hardlink")
    expected = {"type": entry.type, "mode": f"{entry.mode:04o}", "uid": entry.uid, "gid": entry.gid,
                "mtime": entry.mtime, "rdev": entry.rdev or None}
    for key, value in expected.items():
        require(line.get(key) == value, f"{key} of {entry.path!r}: {line.get(key)!r}, and {value!r} in the tar")
    for key, value in (("path", entry.path), ("user", entry.user), ("group", entry.group), ("target", entry.target)):
        require(raw_text(line, key, b"") == value, f"{key} of {entry.path!r} is another in the tar")
    require(("size" in line) == is_content, f"size of {entry.path!r}")
    if entry.type == "file":
        require(line["size"] == entry.size, f"size of {entry.path!r} is another in the tar")
        require(line.get("sha256") == entry.sha256(), f"the content of {entry.path!r} does not have its digest")
        require(("holes" in line) == entry.sparse, f"holes of {entry.path!r}")
    # The kernel's form of an SELinux label is not in the tar, so the digest cannot be made again with one.
    if not entry.selinux:
        digest = attributes_digest(entry.attributes) if entry.attributes else None
        require(line.get("xattrs_sha256") == digest, f"the attributes of {entry.path!r} do not have their digest")
