"""Makes small archives of format version 1 for the tests of the reader, with Python's tarfile and zlib alone.

Nothing here knows the program or the reader. What is to be damaged is changed between the steps of build().
"""

import hashlib
import json
import struct
import tarfile
import zlib

MEMBER_MAX = 1 << 20
TAIL_RECORDS = bytes(1024)


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


def gzip_member(content):
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = deflate.compress(content) + deflate.flush()
    length = 24 + len(packed) + 8
    return (bytes.fromhex("1f8b0804000000000003") + struct.pack("<H2sHQ", 12, b"OB", 8, length) + packed +
            struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF))


def entry(path, kind, content=b"", pax=None, **fields):
    """One object: its part of the tar, and its line of the index without a place."""
    raw_path = path if isinstance(path, bytes) else path.encode()
    mtime = fields.pop("mtime", "1700000000.123456789")
    line = {"path": path} if isinstance(path, str) else {"path_b64": "ZXRjL//+"}
    line |= {"type": kind, "mode": fields.pop("mode", "0644"), "uid": 0, "gid": 0, "user": "root", "group": "root"}
    if kind in ("file", "hardlink"):
        line["size"] = fields.pop("size", len(content))
    line |= {"mtime": mtime, "ctime": mtime, "dev": 1, "inode": 2, "nlink": 1}
    info = tarfile.TarInfo(raw_path.decode(errors="surrogateescape"))
    info.type = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "char": tarfile.CHRTYPE,
                 "hardlink": tarfile.LNKTYPE}[kind]
    info.mode, info.uname, info.gname = int(line["mode"], 8), "root", "root"
    info.linkname = line["target"] = fields.pop("target", "")
    if not info.linkname:
        del line["target"]
    if "rdev" in fields:
        info.devmajor, info.devminor = (int(part) for part in fields["rdev"].split(":"))
    stored = fields.pop("stored", content)
    info.size = len(stored)
    info.pax_headers = dict(pax or {})
    if mtime.endswith(".000000000"):
        info.mtime = int(mtime.split(".")[0])
    else:
        info.pax_headers["mtime"] = mtime
    if kind == "file":
        fields.setdefault("sha256", sha256(content))
    line |= fields
    # Python marks a pax header with a path that is not UTF-8 in a way that our archives do not.
    plain = isinstance(path, bytes)
    header = info.tobuf(tarfile.USTAR_FORMAT if plain else tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    return line, header + stored + bytes(-len(stored) % 512)


def sparse_entry(path, size, extents):
    """A file of which only these extents, (offset, bytes), are no holes."""
    content = bytearray(size)
    for offset, data in extents:
        content[offset:offset + len(data)] = data
    numbers = [len(extents), *(part for offset, data in extents for part in (offset, len(data)))]
    text = "".join(f"{each}\n" for each in numbers).encode()
    folder, name = path.rsplit("/", 1)
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": path, "GNU.sparse.realsize": str(size)}
    line, raw = entry(f"{folder}/GNUSparseFile.0/{name}", "file", bytes(content), pax, size=size, holes=True,
                      stored=text + bytes(-len(text) % 512) + b"".join(data for _, data in extents))
    return line | {"path": path}, raw


class MadeArchive:
    """Directories, each a list of what entry() gives. A test may change `manifest`, `blocks` or `index` by a function
    that is called before they are written, and so make an archive that contradicts itself."""

    def __init__(self, directories):
        self.directories = directories  # {"/etc": [(line, tar bytes), ...]}
        self.member_bytes = 4096  # Small, so that there are many.
        self.lines_per_block = 3
        self.padding = 0  # Bytes of warnings, to push what stands before them out of the tail.
        self.change_members = lambda members: members
        self.change_lines = lambda lines: lines
        self.change_blocks = lambda blocks: blocks
        self.change_manifest = lambda manifest: manifest

    def cut(self, entries):
        """The members of one directory's tar; puts the places into the lines."""
        contents, places = [b""], []
        for line, raw in entries:
            large = len(raw) > MEMBER_MAX
            if contents[-1] and (large or len(contents[-1]) + len(raw) > self.member_bytes):
                contents.append(b"")
            places.append((line, len(contents) - 1, len(contents[-1]), large))
            contents[-1] += raw
            if large:
                whole = contents.pop()
                contents += [whole[at:at + MEMBER_MAX] for at in range(0, len(whole), MEMBER_MAX)]
                places[-1] += (len(contents) - 1,)
                contents.append(b"")
            else:
                places[-1] += (len(contents) - 1,)
        contents[-1] += TAIL_RECORDS
        members = [gzip_member(content) for content in contents]
        starts = [sum(map(len, members[:number])) for number in range(len(members) + 1)]
        for line, first, skip, _, last in places:
            line |= {"member": starts[first], "skip": skip, "span": starts[last + 1] - starts[first]}
        return members, sum(map(len, contents))

    def grouped(self, lines):
        """The lines of each block: one ends where the next directory begins."""
        groups = []
        for line in lines:
            if not groups or len(groups[-1]) == self.lines_per_block or groups[-1][-1]["dir"] != line["dir"]:
                groups.append([])
            groups[-1].append(line)
        return groups

    def build(self):
        """The bytes of the zip."""
        zip_file = ZipFile()
        described, lines = [], []
        for number, (path, entries) in enumerate(self.directories.items()):
            members, tar_bytes = self.cut(entries)
            kinds = [line["type"] for line, _ in entries]
            place = zip_file.add(path[1:] + ".tar.gz", b"".join(self.change_members(members)))
            described.append({"path": path, "entry": path[1:] + ".tar.gz", **place, "tar_bytes": tar_bytes,
                              "files": kinds.count("file"), "directories": kinds.count("dir"),
                              "others": len(kinds) - kinds.count("file") - kinds.count("dir"),
                              "content_bytes": sum(line["size"] for line, _ in entries if line["type"] == "file")})
            lines += [line | {"dir": number} for line, _ in entries]
        lines = self.change_lines(lines)
        index, blocks = b"", []
        for group in self.grouped(lines):
            member = gzip_member(as_text(group))
            ends = {end + key[4:]: value for end, line in (("first", group[0]), ("last", group[-1]))
                    for key, value in line.items() if key in ("path", "path_b64")}
            blocks.append(ends | {"offset": len(index), "length": len(member), "lines": len(group),
                                  "sha256": sha256(member)})
            index += member
        blocks = self.change_blocks(blocks)
        manifest = {"format": 1, "requires": [], "tool": "made_archive.py", "directories": described}
        noise = hashlib.shake_128(b"warnings").hexdigest(self.padding // 2)
        for name, raw, count in (("index", index, len(lines)), ("blocks", gzip_member(as_text(blocks)), len(blocks)),
                                 ("warnings", gzip_member(as_text([{"path": "etc/x", "reason": noise}])), 1)):
            manifest[name] = zip_file.add(f"osbackup/{name}.jsonl.gz", raw) | {"lines": count, "sha256": sha256(raw)}
        zip_file.add("osbackup/RESTORE.txt", b"text\n")
        zip_file.add("osbackup/manifest.json", as_text([self.change_manifest(manifest)]))
        return zip_file.finish()


def as_text(objects):
    return b"".join(json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in objects)


class ZipFile:
    """A zip as docs/format.md spells it."""

    def __init__(self):
        self.raw, self.central, self.count = b"", b"", 0

    def add(self, name, content):
        name = name.encode()
        offset, crc = len(self.raw), zlib.crc32(content)
        self.raw += struct.pack("<4sHHHIIIIHH", b"PK\3\4", 45, 0x0808, 0, 0x21, 0, 2**32 - 1, 2**32 - 1, len(name), 20)
        self.raw += name + struct.pack("<HHQQ", 1, 16, 0, 0)
        place = {"offset": len(self.raw), "length": len(content)}
        self.raw += content + struct.pack("<4sIQQ", b"PK\7\x08", crc, len(content), len(content))
        self.central += struct.pack("<4sHHHHIIIIHHHHHII", b"PK\1\2", 3 << 8 | 45, 45, 0x0808, 0, 0x21, crc,
                                    len(content), len(content), len(name), 0, 0, 0, 0, 0o100600 << 16, offset) + name
        self.count += 1
        return place

    def finish(self):
        end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, self.count, self.count, len(self.central), len(self.raw), 0)
        return self.raw + self.central + end
