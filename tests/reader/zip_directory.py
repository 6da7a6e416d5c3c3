"""The zip around an archive (docs/format.md, "Entries of the zip"): its central directory and its local headers."""

import struct
from dataclasses import dataclass

from gzip_members import require

END = struct.Struct("<4s4H2IH")
ZIP64_LOCATOR = struct.Struct("<4sIQI")
ZIP64_END = struct.Struct("<4sQHHIIQQQQ")
CENTRAL = struct.Struct("<4sHHHHIIIIHHHHHII")
LOCAL = struct.Struct("<4sHHHIIIIHH")
LOCAL_EXTRA = struct.pack("<HHQQ", 1, 16, 0, 0)
DESCRIPTOR = struct.Struct("<4sIQQ")
FLAGS = 0x0808
IN_64_BITS = 0xFFFFFFFF
DIRECTORY_BYTES_MAX = 16 << 20


@dataclass
class ZipEntry:
    name: str
    header_offset: int
    length: int
    crc: int

    @property
    def name_bytes(self):
        return self.name.encode()

    @property
    def offset(self):
        """Where the content begins."""
        return self.header_offset + LOCAL.size + len(self.name_bytes) + len(LOCAL_EXTRA)

    @property
    def end(self):
        """Where the descriptor behind the content ends."""
        return self.offset + self.length + DESCRIPTOR.size


def read_directory(read_range, size):
    """The entries of a zip of this size, in the order in which they lie in it."""
    require(size >= END.size, "too short for a zip")
    raw = read_range(size - END.size, END.size)
    signature, *disks, count, length, offset, comment = END.unpack(raw)
    require(signature == b"PK\5\6" and comment == 0, "the zip's end record is not at the end: truncated?")
    require(disks[:2] == [0, 0] and disks[2] == count, "a zip in several parts")
    end = size - END.size
    if count == 0xFFFF or length == IN_64_BITS or offset == IN_64_BITS:
        require(end >= ZIP64_LOCATOR.size + ZIP64_END.size, "too short for a Zip64 end record")
        signature, _, record_offset, _ = ZIP64_LOCATOR.unpack(read_range(end - ZIP64_LOCATOR.size, ZIP64_LOCATOR.size))
        require(signature == b"PK\6\7", "the Zip64 locator is missing")
        end -= ZIP64_LOCATOR.size + ZIP64_END.size
        require(record_offset == end, "the Zip64 end record is not where it should be")
        signature, *_, count, length, offset = ZIP64_END.unpack(read_range(end, ZIP64_END.size))
        require(signature == b"PK\6\6", "the Zip64 end record is missing")
    require(length <= DIRECTORY_BYTES_MAX and offset + length == end, "the central directory is not where it should be")
    entries = parse_central(read_range(offset, length), count)
    at = 0
    for entry in entries:
        require(entry.header_offset == at, f"{entry.name} does not follow the entry before it")
        at = entry.end
        require(at <= offset, f"{entry.name} reaches into the central directory")
    require(at == offset, "there is something between the last entry and the central directory")
    return entries


def parse_central(raw, count):
    entries, at = [], 0
    while at < len(raw):
        require(len(raw) - at >= CENTRAL.size, "the central directory is cut off")
        (signature, made_by, _, flags, method, _, crc, packed, length, name_bytes, extra_bytes, comment_bytes, _, _,
         attributes, offset) = CENTRAL.unpack_from(raw, at)
        require(signature == b"PK\1\2" and flags == FLAGS and method == 0, "not an entry that version 1 writes")
        require(made_by >> 8 == 3 and attributes >> 16 == 0o100600 and comment_bytes == 0, "not made as version 1 does")
        require(packed == length, "a stored entry with two sizes")
        at += CENTRAL.size
        require(at + name_bytes + extra_bytes <= len(raw), "the central directory is cut off")
        name, extra = raw[at:at + name_bytes], raw[at + name_bytes:at + name_bytes + extra_bytes]
        at += name_bytes + extra_bytes
        length, offset = with_zip64(extra, length, offset)
        try:
            entries.append(ZipEntry(name.decode(), offset, length, crc))
        except UnicodeDecodeError:
            require(False, "an entry's name is not UTF-8")
    require(len(entries) == count, "the central directory has not as many entries as it says")
    require(len({entry.name for entry in entries}) == count, "two entries of the zip have one name")
    return entries


def with_zip64(extra, length, offset):
    wanted = (2 if length == IN_64_BITS else 0) + (1 if offset == IN_64_BITS else 0)
    require(len(extra) == (4 + 8 * wanted if wanted else 0), "an extra field that does not belong there")
    if not wanted:
        return length, offset
    identity, data_bytes, *numbers = struct.unpack(f"<HH{wanted}Q", extra)
    require(identity == 1 and data_bytes == 8 * wanted, "an extra field that is not Zip64")
    if length == IN_64_BITS:
        require(numbers[0] == numbers[1], "a stored entry with two sizes")
        length = numbers.pop(0)
        numbers.pop(0)
    return length, numbers[0] if numbers else offset


def check_local(read_range, entry):
    """That what stands around the content says the same as the central directory."""
    raw = read_range(entry.header_offset, entry.offset - entry.header_offset)
    signature, _, flags, method, _, crc, packed, length, name_bytes, extra_bytes = LOCAL.unpack_from(raw)
    require(signature == b"PK\3\4" and flags == FLAGS and method == 0 and crc == 0, f"the local header of {entry.name}")
    require(packed == length == IN_64_BITS, f"the sizes in the local header of {entry.name}")
    require((name_bytes, extra_bytes) == (len(entry.name_bytes), len(LOCAL_EXTRA)) and
            raw[LOCAL.size:] == entry.name_bytes + LOCAL_EXTRA, f"the name in the local header of {entry.name}")
    descriptor = read_range(entry.offset + entry.length, DESCRIPTOR.size)
    require(DESCRIPTOR.unpack(descriptor) == (b"PK\7\x08", entry.crc, entry.length, entry.length),
            f"the descriptor of {entry.name}")
