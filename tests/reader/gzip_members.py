"""Gzip members with the subfield OB (docs/format.md, "Gzip members"), read by hopping from one to the next."""

import struct
import zlib

HEADER = struct.Struct("<4s4sBBH2sHQ")
TRAILER_BYTES = 8
# What this reader inflates at most from one member, whatever the member says of itself.
MEMBER_CONTENT_MAX = 64 << 20


class CorruptArchive(Exception):
    """The bytes are not what docs/format.md says."""


def require(condition, message):
    if not condition:
        raise CorruptArchive(message)


def member_length(header, left):
    """The length of the member that begins with these 24 bytes, of `left` that there are."""
    require(len(header) == HEADER.size, "a gzip member is cut off in its header")
    magic, time, flags, system, extra, subfield, data_length, length = HEADER.unpack(header)
    require(magic == b"\x1f\x8b\x08\x04" and time == bytes(4) and (flags, system) == (0, 3), "no gzip member of ours")
    require(extra == 12 and subfield == b"OB" and data_length == 8, "a gzip member without the subfield OB")
    require(HEADER.size + TRAILER_BYTES <= length <= left, f"OB says {length} bytes, and there are {left}")
    return length


def inflate(member):
    """The content of one whole member."""
    stream = zlib.decompressobj(wbits=-15)
    try:
        content = stream.decompress(member[HEADER.size:], MEMBER_CONTENT_MAX)
    except zlib.error as error:
        raise CorruptArchive(f"a gzip member cannot be inflated: {error}") from error
    require(stream.eof, "a gzip member does not end where OB says, or is larger than this reader takes")
    require(len(stream.unused_data) == TRAILER_BYTES, "OB goes beyond the end of its gzip member")
    crc, size = struct.unpack("<II", stream.unused_data)
    require(crc == zlib.crc32(content), "the CRC of a gzip member does not match")
    require(size == len(content) & 0xFFFFFFFF, "the ISIZE of a gzip member does not match")
    return content


class MemberStream:
    """The content of consecutive members as one stream, and where in them it stands.

    `read_range(offset, length)` gives their compressed bytes, of which `length` are to be read from `begin` on. After a
    read, `member` is the offset of the member with the last byte read, `skip` the place in it, `end` where it ends.
    """

    AHEAD_BYTES = 4 << 20

    def __init__(self, read_range, begin, length):
        self.read_range = read_range
        self.next_offset = begin
        self.limit = begin + length
        self.ahead = b""
        self.ahead_offset = begin
        self.member = self.end = begin
        self.content = b""
        self.skip = 0
        self.member_sizes = []

    def compressed(self, offset, length):
        """Reads in large pieces; offsets never go back."""
        self.ahead = self.ahead[offset - self.ahead_offset:]
        self.ahead_offset = offset
        if len(self.ahead) < length:
            have = offset + len(self.ahead)
            more = min(max(length - len(self.ahead), self.AHEAD_BYTES), self.limit - have)
            self.ahead += self.read_range(have, more)
        require(len(self.ahead) >= length, "the members end too early")
        return self.ahead[:length]

    def at_end(self):
        return self.skip == len(self.content) and self.next_offset == self.limit

    def next_member(self):
        left = self.limit - self.next_offset
        require(left > 0, "the members end in the middle of an entry")
        length = member_length(self.compressed(self.next_offset, min(HEADER.size, left)), left)
        self.content = inflate(self.compressed(self.next_offset, length))
        self.skip = 0
        self.member = self.next_offset
        self.end = self.next_offset = self.member + length
        self.member_sizes.append(len(self.content))

    def place(self):
        """(member, skip) of the next byte."""
        while self.skip == len(self.content):
            self.next_member()
        return self.member, self.skip

    def read(self, length):
        pieces = []
        while length > 0:
            self.place()
            piece = self.content[self.skip:self.skip + length]
            self.skip += len(piece)
            length -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)
