"""One entry of a directory's tar (docs/format.md, "A directory's tar"): ustar, pax, GNU.sparse 1.0."""

import hashlib
import re
import struct
from dataclasses import dataclass, field

from gzip_members import require

RECORD_BYTES = 512
PAX_BYTES_MAX = 16 << 20
EXTENTS_MAX = 4096
PIECE_BYTES = 1 << 20
TYPES = {b"0": "file", b"1": "hardlink", b"2": "symlink", b"3": "char", b"4": "block", b"5": "dir", b"6": "fifo"}
PAX_KEYWORDS = {b"path", b"linkpath", b"size", b"mtime", b"uid", b"gid", b"uname", b"gname", b"SCHILY.acl.access",
                b"SCHILY.acl.default", b"RHT.security.selinux", b"GNU.sparse.major", b"GNU.sparse.minor",
                b"GNU.sparse.name", b"GNU.sparse.realsize"}
XATTR_KEYWORD = b"SCHILY.xattr."
ACL_TAGS = {b"user": (0x01, 0x02), b"group": (0x04, 0x08), b"mask": (0x10, None), b"other": (0x20, None)}
ACL_NO_ID = 0xFFFFFFFF


@dataclass
class TarEntry:
    path: bytes
    type: str
    mode: int
    uid: int
    gid: int
    user: bytes
    group: bytes
    mtime: str  # As the index writes it.
    target: bytes
    rdev: str
    size: int
    sparse: bool
    extents: list  # (offset, length) of what `stored` holds.
    stored: bytes
    attributes: dict = field(default_factory=dict)  # As the kernel has them, without the SELinux label.
    selinux: bytes = b""
    header_bytes: int = 0
    tar_bytes: int = 0

    def pieces(self):
        """The content with its holes, piece by piece."""
        at = used = 0
        for offset, length in [*self.extents, (self.size, 0)]:
            while at < offset:
                piece = bytes(min(PIECE_BYTES, offset - at))
                at += len(piece)
                yield piece
            yield self.stored[used:used + length]
            at += length
            used += length

    def content(self):
        return b"".join(self.pieces())

    def sha256(self):
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()


def attributes_digest(attributes):
    """`xattrs_sha256` (docs/format.md, "Index") of a dictionary of names and values."""
    digest = hashlib.sha256()
    for name, value in sorted(attributes.items()):
        digest.update(struct.pack("<Q", len(name)) + name + struct.pack("<Q", len(value)) + value)
    return digest.hexdigest()


def acl_in_kernel_form(text):
    """The value of system.posix_acl_access: a header with the version, then tag, permissions and id of each entry."""
    value = struct.pack("<I", 2)
    for entry in text.split(b","):
        match = re.fullmatch(rb"(user|group|mask|other):(\d*):([r-][w-][x-])", entry)
        require(match, f"not an entry of an ACL: {entry!r}")
        kind, number, letters = match.groups()
        bits = sum(bit for bit, letter in zip((4, 2, 1), letters.decode()) if letter != "-")
        value += struct.pack("<HHI", ACL_TAGS[kind][1 if number else 0], bits, int(number) if number else ACL_NO_ID)
    return value


def octal(raw, name):
    text = raw.rstrip(b"\0 ")
    require(re.fullmatch(rb"[0-7]*", text), f"the field {name} of a tar header is not octal")
    return int(text or b"0", 8)


def text_of(raw):
    return raw.split(b"\0", 1)[0]


def decimal(raw, name):
    require(re.fullmatch(rb"[0-9]{1,20}", raw), f"the pax record {name} is not a number")
    return int(raw)


def time_with_nanoseconds(raw):
    match = re.fullmatch(rb"(-?[0-9]{1,20})(?:\.([0-9]{1,9}))?", raw)
    require(match, "the pax record mtime is not a time")
    return f"{match[1].decode()}.{(match[2] or b'').decode():0<9}"


def pax_records(body):
    records = {}
    while body:
        match = re.match(rb"([1-9][0-9]{0,9}) ", body)
        require(match, "a pax header without the length of a record")
        length = int(match[1])
        record = body[match.end():length]
        require(length <= len(body) and record.endswith(b"\n") and b"=" in record, "a pax record is damaged")
        keyword, value = record[:-1].split(b"=", 1)
        require(keyword in PAX_KEYWORDS or keyword.startswith(XATTR_KEYWORD), f"an unknown pax keyword {keyword!r}")
        require(keyword not in records, f"the pax keyword {keyword!r} comes twice")
        records[keyword] = value
        body = body[length:]
    return records


def padding(length):
    return -length % RECORD_BYTES


def checked_header(raw):
    total = sum(raw) - sum(raw[148:156]) + 8 * 0x20
    require(octal(raw[148:156], "chksum") == total, "the checksum of a tar header does not match")
    require(raw[257:265] == b"ustar\x0000", "a tar header that is not ustar")
    return raw


def sparse_map(stream):
    """The map before the content of a sparse file, and the bytes it takes."""
    text, taken = b"", 0

    def number():
        nonlocal text, taken
        while b"\n" not in text:
            require(len(text) < RECORD_BYTES, "the map of a sparse file is damaged")
            text += stream.read(RECORD_BYTES)
            taken += RECORD_BYTES
        line, text = text.split(b"\n", 1)
        return decimal(line, "of a sparse map")

    count = number()
    require(count <= EXTENTS_MAX + 1, "a sparse file with more extents than the format allows")
    extents = [(number(), number()) for _ in range(count)]
    require(text.strip(b"\0") == b"", "the map of a sparse file is followed by something else")
    return extents, taken


def read_entry(stream):
    """The next entry of a stream that has read(length); None at the two zero records that end a tar."""
    raw = stream.read(RECORD_BYTES)
    if raw == bytes(RECORD_BYTES):
        require(stream.read(RECORD_BYTES) == bytes(RECORD_BYTES), "a tar that ends in one zero record")
        return None
    header_bytes = RECORD_BYTES
    pax = {}
    if checked_header(raw)[156:157] == b"x":
        length = octal(raw[124:136], "size")
        require(length <= PAX_BYTES_MAX, "a pax header is larger than this reader takes")
        pax = pax_records(stream.read(length + padding(length))[:length])
        header_bytes += length + padding(length) + RECORD_BYTES
        raw = checked_header(stream.read(RECORD_BYTES))
    entry = described(raw, pax)
    in_tar = decimal(pax[b"size"], "size") if b"size" in pax else octal(raw[124:136], "size")
    require(in_tar == 0 or entry.type == "file", "content in an entry that is no file")
    map_bytes = 0
    if entry.sparse:
        require(pax[b"GNU.sparse.major"] == b"1" and pax[b"GNU.sparse.minor"] == b"0", "not GNU.sparse 1.0")
        entry.size = decimal(pax[b"GNU.sparse.realsize"], "GNU.sparse.realsize")
        entry.extents, map_bytes = sparse_map(stream)
    else:
        entry.size = in_tar
        entry.extents = [(0, in_tar)]
    end = 0
    for offset, length in entry.extents:
        require(offset >= end and offset + length <= entry.size, "the extents of a sparse file overlap")
        end = offset + length
    stored = sum(length for _, length in entry.extents)
    require(map_bytes + stored == in_tar, "the size of an entry is not that of its content")
    entry.stored = stream.read(stored)
    require(stream.read(padding(stored)).strip(b"\0") == b"", "the padding of an entry is not zero")
    entry.header_bytes = header_bytes + map_bytes
    entry.tar_bytes = entry.header_bytes + stored + padding(stored)
    return entry


def described(raw, pax):
    require(raw[156:157] in TYPES, f"an entry of type {raw[156:157]!r}")
    kind = TYPES[raw[156:157]]
    prefix = text_of(raw[345:500])
    path = pax.get(b"path", (prefix + b"/" if prefix else b"") + text_of(raw[0:100]))
    sparse = b"GNU.sparse.major" in pax
    if sparse:
        path = pax[b"GNU.sparse.name"]
    attributes = {key[len(XATTR_KEYWORD):]: value for key, value in pax.items() if key.startswith(XATTR_KEYWORD)}
    for keyword, name in ((b"SCHILY.acl.access", b"system.posix_acl_access"),
                          (b"SCHILY.acl.default", b"system.posix_acl_default")):
        if keyword in pax:
            attributes[name] = acl_in_kernel_form(pax[keyword])
    device = kind in ("char", "block")
    return TarEntry(
        path=path[:-1] if kind == "dir" and path.endswith(b"/") else path, type=kind, mode=octal(raw[100:108], "mode"),
        uid=decimal(pax[b"uid"], "uid") if b"uid" in pax else octal(raw[108:116], "uid"),
        gid=decimal(pax[b"gid"], "gid") if b"gid" in pax else octal(raw[116:124], "gid"),
        user=pax.get(b"uname", text_of(raw[265:297])), group=pax.get(b"gname", text_of(raw[297:329])),
        mtime=time_with_nanoseconds(pax.get(b"mtime", str(octal(raw[136:148], "mtime")).encode())),
        target=pax.get(b"linkpath", text_of(raw[157:257])) if kind in ("symlink", "hardlink") else b"",
        rdev=f"{octal(raw[329:337], 'devmajor')}:{octal(raw[337:345], 'devminor')}" if device else "",
        size=0, sparse=sparse, extents=[], stored=b"", attributes=attributes,
        selinux=pax.get(b"RHT.security.selinux", b""))
