"""Checks a whole archive against docs/format.md: every byte of it, and every line of its index against the tars."""

import hashlib
import zlib

import zip_directory
from archive_reader import check_line
from gzip_members import require
from tar_entry import read_entry

MEMBER_BYTES = 1 << 20
PIECE_BYTES = 4 << 20
TAR_END_BYTES = 1024


def verify(archive):
    """Reads everything. Returns how many objects there are."""
    for entry in archive.entries:
        zip_directory.check_local(archive.range, entry)
        crc = 0
        for piece in pieces(archive, entry.offset, entry.length):
            crc = zlib.crc32(piece, crc)
        require(crc == entry.crc, f"the CRC of {entry.name} does not match")
    index, digest = archive.manifest["index"], hashlib.sha256()
    for piece in pieces(archive, index["offset"], index["length"]):
        digest.update(piece)
    require(digest.hexdigest() == index.get("sha256"), "the digest of the index does not match")
    archive.warnings()
    lines = archive.lines()
    count = sum(verify_directory(archive, directory, lines) for directory in range(len(archive.directories)))
    require(next(lines, None) is None, "the index has more lines than the tars have entries")
    return count


def pieces(archive, offset, length):
    for at in range(0, length, PIECE_BYTES):
        yield archive.range(offset + at, min(PIECE_BYTES, length - at))


def verify_directory(archive, directory, lines):
    """Goes through one tar from its beginning, beside the index; the number of its entries."""
    place = archive.directories[directory]
    stream = archive.stream(directory, 0, place["length"])
    counts = {"files": 0, "directories": 0, "others": 0}
    content_bytes = tar_bytes = 0
    while True:
        member, skip = stream.place()
        members_before = len(stream.member_sizes) - 1
        entry = read_entry(stream)
        if entry is None:
            break
        line = next(lines, None)
        require(line is not None, "the tars have more entries than the index has lines")
        check_line(line, entry)
        require((line["dir"], line["member"], line["skip"], line["span"]) ==
                (directory, member, skip, stream.end - member), f"the place of {entry.path!r} is not what it says")
        check_cut(entry, skip, stream, stream.member_sizes[members_before:])
        counts["files" if entry.type == "file" else "directories" if entry.type == "dir" else "others"] += 1
        content_bytes += entry.size if entry.type == "file" else 0
        tar_bytes += entry.tar_bytes
    require(stream.at_end(), "something follows the end of a tar")
    require(tar_bytes + TAR_END_BYTES == place.get("tar_bytes"), "tar_bytes is not what the tar has")
    for key, count in [*counts.items(), ("content_bytes", content_bytes)]:
        require(place.get(key) == count, f"{key} of directory {directory} is {place.get(key)}, and there are {count}")
    return sum(counts.values())


def check_cut(entry, skip, stream, member_sizes):
    """That an entry lies in its members, which have these sizes, as the format says."""
    if entry.tar_bytes > MEMBER_BYTES:
        rest = stream.content[stream.skip:]
        require(skip == 0 and rest in (b"", bytes(TAR_END_BYTES)), f"{entry.path!r} is large, and shares a member")
    else:
        require(len(member_sizes) == 1, f"{entry.path!r} is small, and in several members")
    for size in member_sizes:
        require(size % 512 == 0 and size <= max(MEMBER_BYTES, entry.header_bytes), "a member of a wrong size")
