"""The parts of an archive, spelled by hand as docs/format.md has them, so that each of them can lie.

Nothing here knows the program, its readers, or tarfile and zipfile, which would refuse to write most of this.
"""

import base64
import functools
import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

RECORD = 512
TAR_END = bytes(2 * RECORD)
MEMBER_MAX = 1 << 20
LIST_MEMBER_MAX = 4 << 20
SECONDS = 1_700_000_000
ARCHIVE_NAME = "web-1+192.0.2.7+20261123T093000Z.zip"
TYPE_LETTERS = {"file": b"0", "hardlink": b"1", "symlink": b"2", "char": b"3", "block": b"4", "dir": b"5", "fifo": b"6"}
ZERO_PIECE = bytes(1 << 20)


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


def padded(raw):
    return raw + bytes(-len(raw) % RECORD)


def text(key, raw):
    """A key of JSON whose value is any bytes."""
    try:
        return {key: raw.decode()}
    except UnicodeDecodeError:
        return {key + "_b64": base64.b64encode(raw).decode()}


# --- gzip


def deflate(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@functools.cache
def deflated_zeros(megabytes):
    """So many MiB of zeros, deflated, and their CRC; never in memory at once."""
    packer, crc, packed = zlib.compressobj(9, zlib.DEFLATED, -15), 0, b""
    for _ in range(megabytes):
        packed += packer.compress(ZERO_PIECE)
        crc = zlib.crc32(ZERO_PIECE, crc)
    return packed + packer.flush(), crc


def gzip_member(content, *, packed=None, ob=None, crc=None, isize=None):
    """A member with its length in the header. `packed` is the deflate stream in place of the content's."""
    packed = deflate(content) if packed is None else packed
    length = 24 + len(packed) + 8
    return (bytes.fromhex("1f8b0804000000000003") +
            struct.pack("<H2sHQ", 12, b"OB", 8, length if ob is None else ob) + packed +
            struct.pack("<II", zlib.crc32(content) if crc is None else crc,
                        len(content) & 0xFFFFFFFF if isize is None else isize))


def gzip_stream(content):
    """What gzip(1) makes: one member that does not say its length."""
    return (bytes.fromhex("1f8b0800000000000003") + deflate(content) +
            struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF))


# --- tar


def octal(number, width):
    return b"%0*o\0" % (width - 1, number)


def tar_header(name, letter=b"0", size=0, *, fields=None, checksum=None, **values):
    """One record. `fields` puts raw bytes at offsets, whatever they mean."""
    major, minor = values.get("device", (0, 0))
    record = bytearray().join((
        name[:100].ljust(100, b"\0"), octal(values.get("mode", 0o644), 8), octal(values.get("uid", 0), 8),
        octal(values.get("gid", 0), 8), octal(size, 12), octal(SECONDS, 12), b" " * 8, letter,
        values.get("target", b"")[:100].ljust(100, b"\0"), b"ustar\x0000", b"root".ljust(32, b"\0"),
        b"root".ljust(32, b"\0"), octal(major, 8), octal(minor, 8), bytes(155), bytes(12)))
    for offset, raw in (fields or {}).items():
        record[offset:offset + len(raw)] = raw
    record[148:156] = b"%06o\0 " % (sum(record) if checksum is None else checksum)
    assert len(record) == RECORD
    return bytes(record)


def pax_record(keyword, value):
    rest = len(keyword) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, keyword, value)


def pax_header(records, letter=b"x", said=None):
    """`records` are pairs, or the raw bytes in their place; `said` is a size that is not theirs."""
    raw = records if isinstance(records, bytes) else b"".join(pax_record(*each) for each in records)
    return tar_header(b"PaxHeaders/0", letter, len(raw) if said is None else said) + padded(raw)


# --- objects


@dataclass
class Object:
    """One file-system object: its records in a tar, and its line in an index, which has no place yet."""

    line: dict
    tar: bytes
    content_bytes: int = 0  # For the manifest's sums.

    def said(self, **changes):
        """The same records, of which the index says something else; None takes a key away."""
        line = {key: value for key, value in {**self.line, **changes}.items() if value is not None}
        return Object(line, self.tar, self.content_bytes)

    def stored(self, tar):
        """The same line, with other records."""
        return Object(self.line, tar, self.content_bytes)


def stored(path, kind, content=b"", **values):
    """`records` are further pax records; `attributes` are extended ones; the rest is as tar_header() takes it."""
    records = list(values.pop("records", ()))
    attributes = values.pop("attributes", {})
    target, mode = values.get("target", b""), values.get("mode", 0o644)
    name = path + b"/" if kind == "dir" else path
    records = [(key, value) for key, value in ((b"path", name), (b"linkpath", target)) if len(value) > 100] + records
    records += [(b"SCHILY.xattr." + key, value) for key, value in sorted(attributes.items())]
    has_content = kind in ("file", "hardlink")
    line = text("path", path) | {"type": kind, "mode": f"{mode:04o}", "uid": values.get("uid", 0),
                                 "gid": values.get("gid", 0), "user": "root", "group": "root"}
    line |= {"size": len(content)} if has_content else {}
    line |= {"mtime": f"{SECONDS}.000000000", "ctime": f"{SECONDS}.000000000", "dev": 2049, "inode": 12, "nlink": 1}
    line |= text("target", target) if target else {}
    line |= {"rdev": "{}:{}".format(*values["device"])} if "device" in values else {}
    if attributes:
        line["xattrs_sha256"] = sha256(b"".join(struct.pack("<Q", len(each)) + each
                                                for pair in sorted(attributes.items()) for each in pair))
    line |= {"sha256": sha256(content)} if has_content else {}
    in_tar = content if kind == "file" else b""
    tar = pax_header(records) if records else b""
    records_of_it = tar_header(name, TYPE_LETTERS[kind], len(in_tar), **values) + padded(in_tar)
    return Object(line, tar + records_of_it, len(in_tar))


def file(path, content=b"planted\n", **values):
    return stored(path, "file", content, **values)


def directory(path, mode=0o755, **values):
    return stored(path, "dir", mode=mode, **values)


def symlink(path, target, **values):
    return stored(path, "symlink", target=target, mode=0o777, **values)


def hard_link(path, target, content=b""):
    return stored(path, "hardlink", content, target=target)


def sparse_file(path, size, extents, *, map_text=None, data=None, digest=None):
    """A sparse file of which only these extents, (offset, bytes), are no holes. `map_text` and `data` lie about them;
    a file that is too large to be made has its digest given."""
    numbers = [len(extents), *(part for offset, raw in extents for part in (offset, len(raw)))]
    map_text = "".join(f"{each}\n" for each in numbers).encode() if map_text is None else map_text
    data = b"".join(raw for _, raw in extents) if data is None else data
    if digest is None:
        content = bytearray(size)
        for offset, raw in extents:
            content[offset:offset + len(raw)] = raw
        digest = sha256(content)
    records = ((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", path),
               (b"GNU.sparse.realsize", b"%d" % size))
    in_tar = padded(map_text) + data
    tar = pax_header(records) + tar_header(b"GNUSparseFile.0/sparse", b"0", len(in_tar)) + padded(in_tar)
    return file(path).stored(tar).said(size=size, holes=True, sha256=digest)


# --- zip


class Zip:
    """A zip whose records can say of an entry what is not so."""

    def __init__(self):
        self.raw, self.central, self.count = b"", b"", 0

    def add(self, name, content, **lies):
        """`method`, `flags`, `crc`, `sizes` (packed and unpacked), `offset` and `extra` are what the central directory
        says, `local_name` is what the local header does; with `is_listed=False` only that is there."""
        local_name, method = lies.get("local_name", name), lies.get("method", 0)
        flags = lies.get("flags", 0x0808)
        offset, crc, extra = lies.get("offset", len(self.raw)), lies.get("crc", zlib.crc32(content)), lies.get("extra",
                                                                                                               b"")
        packed, size = lies.get("sizes", (len(content), len(content)))
        self.raw += struct.pack("<4sHHHIIIIHH", b"PK\3\4", 45, flags, method, 0x5D774BC0, 0, 2**32 - 1, 2**32 - 1,
                                len(local_name), 20) + local_name + struct.pack("<HHQQ", 1, 16, 0, 0)
        place = {"offset": len(self.raw), "length": len(content)}
        self.raw += content + struct.pack("<4sIQQ", b"PK\7\x08", crc, len(content), len(content))
        if lies.get("is_listed", True):
            self.central += struct.pack("<4sHHHHIIIIHHHHHII", b"PK\1\2", 3 << 8 | 45, 45, flags, method, 0x5D774BC0,
                                        crc,
                                        packed, size, len(name), len(extra), 0, 0, 0, 0o100600 << 16,
                                        offset) + name + extra
            self.count += 1
        return place

    def end(self, *, size=None, offset=None, count=None, comment=b"", disk=0):
        """The end record, for a central directory that is where the bytes so far end."""
        count = self.count if count is None else count
        return struct.pack("<4s4H2IH", b"PK\5\6", disk, 0, count, count, len(self.central) if size is None else size,
                           len(self.raw) if offset is None else offset, len(comment)) + comment

    def finish(self, **lies):
        return self.raw + self.central + self.end(**lies)


# --- archives


def tar_of(objects):
    return b"".join(each.tar for each in objects) + TAR_END


def plain_of(stream, **lies):
    """An archive without an index, of this `etc.tar.gz`."""
    zip_file = Zip()
    zip_file.add(b"etc.tar.gz", stream, **lies)
    zip_file.add(b"osbackup/RESTORE.txt", b"unzip it, then tar -xzf\n")
    return zip_file.finish()


def plain(objects):
    """As `engine = commands` makes it: one gzip member, and no index."""
    return plain_of(gzip_stream(tar_of(objects)))


def as_json(lines):
    return b"".join(each if isinstance(each, bytes) else
                    json.dumps(each, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for each in lines)


@dataclass
class Indexed:
    """An archive with an index whose digests all are right, and that lies where a function is given to change it.

    Each object has a member of its own, or several when it is large, and each line a block.
    """

    objects: list | dict  # Those of /etc, or of each directory: {b"/etc": [...]}.
    pieces: Callable = lambda pieces: pieces  # A list for each object: what its members hold.
    members: Callable = lambda members: members  # Of each directory, in a list for each object.
    lines: Callable = lambda lines: lines  # Dictionaries; bytes are taken as they are.
    groups: Callable = lambda lines: [[line] for line in lines]
    index_members: Callable = lambda members: members
    blocks: Callable = lambda blocks: blocks
    list_member: Callable = lambda member: member  # The list of blocks.
    manifest: Callable = lambda manifest: manifest  # A dictionary, or bytes.
    entry_lies: dict = field(default_factory=dict)  # What Zip.add() is told, by name.
    end_lies: dict = field(default_factory=dict)  # What Zip.end() is told.
    rest: Callable = lambda zip_file: None  # Adds to the zip.

    def build(self):
        directories = self.objects if isinstance(self.objects, dict) else {b"/etc": self.objects}
        zip_file, described, lines = Zip(), [], []
        for number, (path, objects) in enumerate(directories.items()):
            pieces = self.pieces([cut(each.tar) for each in objects])
            pieces[-1][-1] += TAR_END
            runs = [b"".join(run) for run in self.members([list(map(gzip_member, each)) for each in pieces])]
            starts = [sum(map(len, runs[:at])) for at in range(len(runs))]
            lines += [each.line | {"dir": number, "member": start, "skip": 0, "span": len(run)}
                      for each, start, run in zip(objects, starts, runs)]
            entry = path[1:] + b".tar.gz"
            described.append(text("path", path) | text("entry", entry) | self.add(zip_file, entry, b"".join(runs)) |
                             counts(objects, sum(len(piece) for each in pieces for piece in each)))
        manifest = {"format": 1, "requires": [], "tool": "osbackup 0.1.0",
                    "run_id": "0a1b2c3d-0000-4000-8000-000000000000", "machine_id": "", "hostname": "web-1",
                    "ip": "192.0.2.7", "started": "2026-11-23T09:30:00Z", "finished": "2026-11-23T09:30:01Z",
                    "directories": described}
        for name, raw, count in self.lists(self.lines(lines)):
            place = self.add(zip_file, b"osbackup/%s.jsonl.gz" % name.encode(), raw)
            manifest[name] = place | {"lines": count, "sha256": sha256(raw)}
        self.add(zip_file, b"osbackup/RESTORE.txt", b"unzip it, then tar -xzf\n")
        self.rest(zip_file)
        self.add(zip_file, b"osbackup/manifest.json", as_json([self.manifest(manifest)]))
        return zip_file.finish(**self.end_lies)

    def add(self, zip_file, name, content):
        return zip_file.add(name, content, **self.entry_lies.get(name, {}))

    def lists(self, lines):
        """Name, bytes and number of lines of index, blocks and warnings."""
        groups = self.groups(lines)
        members = self.index_members([gzip_member(as_json(group)) for group in groups])
        blocks, offset = [], 0
        for group, member in zip(groups, members):
            blocks.append(end_of("first", group[0]) | end_of("last", group[-1]) |
                          {"offset": offset, "length": len(member), "lines": len(group), "sha256": sha256(member)})
            offset += len(member)
        blocks = self.blocks(blocks)
        return (("index", b"".join(members), sum(map(len, groups))),
                ("blocks", self.list_member(list_members(blocks)), len(blocks)),
                ("warnings", gzip_member(b""), 0))


def cut(tar):
    """What the members of one object hold."""
    return [tar[at:at + MEMBER_MAX] for at in range(0, len(tar), MEMBER_MAX)]


def list_members(lines):
    """Members of a list, each of what a reader takes."""
    members, text_bytes = [[]], 0
    for line in map(as_json, ([line] for line in lines)):
        text_bytes += len(line)
        if members[-1] and text_bytes > LIST_MEMBER_MAX:
            members.append([])
            text_bytes = len(line)
        members[-1].append(line)
    return b"".join(gzip_member(b"".join(member)) for member in members)


def end_of(key, line):
    """The path of a block's first or last line."""
    if isinstance(line, bytes):
        return {key: "etc/mm-raw"}
    return {key + name[4:]: value for name, value in line.items() if name in ("path", "path_b64")}


def counts(objects, tar_bytes):
    kinds = [each.line["type"] for each in objects]
    return {"tar_bytes": tar_bytes, "files": kinds.count("file"), "directories": kinds.count("dir"),
            "others": len(kinds) - kinds.count("file") - kinds.count("dir"),
            "content_bytes": sum(each.content_bytes for each in objects)}


def indexed(objects, **changes):
    return Indexed(objects, **changes).build()
