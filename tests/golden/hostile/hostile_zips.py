"""Zips whose directory lies, and files that are no zips."""

import struct
import zlib

from case import (AFTER, ANY, BEFORE, BESIDE, BROKEN, DAMAGED, INNOCENT, OUTSIDE, PARTLY, REFUSED_NAME, ROOT, USAGE, Case,
                  Codes, around, broken_zip)
from crafted import Zip, deflate, file, gzip_stream, indexed, plain, plain_of, tar_of

REFUSED_ZIP = "damage, found before anything is read"
STREAM = gzip_stream(tar_of(around()))
DATA = b"etc.tar.gz"
ZIP64 = struct.pack("<HHQQ", 1, 16, 2**63, 2**63)


def zip_of(*entries, **end):
    """A zip of (name, content, lies), with these lies at its end."""
    zip_file = Zip()
    for name, content, lies in entries:
        zip_file.add(name, content, **lies)
    return zip_file.finish(**end)


def bad_name(name, tries, entry):
    return broken_zip(name, tries, REFUSED_ZIP, lambda: zip_of((DATA, STREAM, {}), (entry, STREAM, {})),
                      says=("a name that",))


def bad_zip(name, tries, says, *entries, **end):
    return broken_zip(name, tries, REFUSED_ZIP, lambda: zip_of(*entries, **end), says=(says,))


def cut(name, tries, share, says="end record is not at its end"):
    """A file that ends too soon."""
    def archive():
        whole = indexed(around())
        return whole[:int(len(whole) * share)] if share < 1 else whole[:-1]
    return broken_zip(name, tries, REFUSED_ZIP, archive, says=(says,))


def two_directories(which):
    """Two central directories, of an innocent and of a hostile entry; the end record knows one of them."""
    first, second = Zip(), Zip()
    hostile = gzip_stream(tar_of([ROOT, BEFORE, file(BESIDE + b"/planted"), AFTER]))
    first.add(DATA, STREAM)
    second.raw = first.raw
    second.add(DATA, hostile)
    raw, central = second.raw, [first.central, second.central]
    second.raw = raw + (central[0] if which == 1 else b"")
    second.central = central[which]
    return second.raw + second.central + (second.end() if which == 1 else central[1] + second.end())


def comment_with_an_end(hostile_directory):
    """An end record in the comment of the true one: it ends where the file does, too."""
    zip_file = Zip()
    zip_file.add(DATA, STREAM)
    front = zip_file.raw + zip_file.central
    inner = Zip()
    inner.raw = front + bytes(22)
    if hostile_directory:
        packed = gzip_stream(tar_of([ROOT, BEFORE, file(BESIDE + b"/planted"), AFTER]))
        begin = len(inner.raw)
        inner.add(DATA, packed)
        comment = inner.raw[begin:] + inner.central + inner.end()
    else:
        comment = inner.end(size=46, offset=0, count=1)
    return front + zip_file.end(comment=comment)


def zip64_end(**lies):
    """A zip with Zip64 end records that contradict the plain one."""
    zip_file = Zip()
    zip_file.add(DATA, STREAM)
    at = len(zip_file.raw) + len(zip_file.central)
    count = lies.get("count", 1)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(zip_file.central),
                         lies.get("offset", len(zip_file.raw)))
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, lies.get("locator", at), 1)
    return zip_file.raw + zip_file.central + record + locator + zip_file.end()


def deflated_manifest():
    """A manifest that is deflated in the zip."""
    raw = indexed(around())
    begin = raw.index(b'{"format"')
    content = raw[begin:raw.index(b"\n", begin) + 1]
    return indexed(around(), manifest=lambda _: deflate(content), entry_lies={
        b"osbackup/manifest.json": {"method": 8, "crc": zlib.crc32(content),
                                    "sizes": (len(deflate(content)), len(content))}})


CASES = [
    broken_zip("nothing", "a file of no bytes", REFUSED_ZIP, lambda: b"", says=("too short for a zip",)),
    broken_zip("no-zip", "a file of text", REFUSED_ZIP, lambda: b"this is no zip\n" * 100, says=("not a zip",)),
    broken_zip("gzip-in-place-of-a-zip", "a `.tar.gz` with the name of an archive", REFUSED_ZIP, lambda: STREAM,
               says=("not a zip",)),
    Case("empty-zip", "a zip without entries", "nothing to restore, said", lambda: Zip().finish(),
         codes=ANY, restored={}),
    Case("zip-of-a-zip", "a zip that holds an archive", "its one entry is no directory's data, which is said",
         lambda: zip_of((b"inner.zip", plain(around()), {})), codes=Codes(check=None), restored={}),
    Case("zip-of-other-things", "entries that are no directory's data beside one that is",
         "they are named and passed over; the others come",
         lambda: zip_of((b"README", b"text\n", {}), (DATA, STREAM, {}), (b"etc/", b"", {}),
                        (b"osbackup/x.bin", b"x", {})),
         codes=Codes(check=None)),
    Case("data-below-osbackup", "a directory's data in the name space of the archive's own entries",
         "restored as the data of `/osbackup/x`; it is taken for nothing else",
         lambda: zip_of((DATA, STREAM, {}),
                        (b"osbackup/x.tar.gz", gzip_stream(tar_of([file(b"osbackup/x", b"x\n")])), {})),
         restored=INNOCENT | {b"osbackup/x": b"x\n"}),
    Case("manifest-without-an-index", "only a manifest's name, whose content is `{}`", REFUSED_ZIP,
         lambda: zip_of((DATA, STREAM, {}), (b"osbackup/manifest.json", b"{}\n", {})), codes=BROKEN,
         says=("osbackup/manifest.json",), restored={}),
    Case("index-without-a-manifest", "an index, and no manifest, so that the tars are taken for all there is",
         REFUSED_ZIP,
         lambda: zip_of((DATA, STREAM, {}), (b"osbackup/index.jsonl.gz", b"", {})), codes=BROKEN,
         says=("osbackup/manifest.json is missing",), restored={}),
    bad_name("entry-with-dotdot", "an entry of the zip that leads out", BESIDE + b"/planted.tar.gz"),
    bad_name("entry-with-dotdot-inside", "an entry of the zip with `..` in its middle", b"etc/../../planted.tar.gz"),
    bad_name("entry-with-an-absolute-name", "an entry of the zip with an absolute name", OUTSIDE + b"/planted.tar.gz"),
    bad_name("entry-with-a-nul", "an entry of the zip with a NUL in its name", b"etc\0.tar.gz"),
    bad_name("entry-without-a-name", "an entry of the zip without a name", b""),
    bad_zip("two-entries-of-one-name", "two entries of one name", "two entries", (DATA, STREAM, {}),
            (DATA, STREAM, {})),
    Case("entry-with-an-escape", "an entry of the zip with an escape sequence in its name",
         "restored; printed without it",
         lambda: zip_of((b"etc\x1b[2J.tar.gz", STREAM, {})), codes=Codes(check=None)),
    bad_zip("entries-that-overlap", "two entries in the same place", "reach into what follows",
            (b"a.tar.gz", STREAM, {}),
            (b"b.tar.gz", STREAM, {"offset": 0})),
    bad_zip("entry-inside-another", "an entry that lies in the content of another", "reach into what follows",
            (b"a.tar.gz", STREAM, {}), (b"b.tar.gz", STREAM, {"offset": 60})),
    bad_zip("entry-beyond-the-directory", "an entry that goes into the central directory", "reach into what follows",
            (DATA, STREAM, {"sizes": (len(STREAM) + 100, len(STREAM) + 100)})),
    bad_zip("entry-at-4-gib", "an entry that begins at 4 GiB", "reach into what follows",
            (DATA, STREAM, {"offset": 2**32 - 2})),
    bad_zip("entry-of-2-to-the-63", "an entry of 2^63 bytes, said by Zip64", "reach into what follows",
            (DATA, STREAM, {"sizes": (2**32 - 1, 2**32 - 1), "extra": ZIP64})),
    bad_zip("entry-without-its-zip64", "sizes that Zip64 should say, and does not", "there is none",
            (DATA, STREAM, {"sizes": (2**32 - 1, 2**32 - 1)})),
    bad_zip("stored-in-two-sizes", "a stored entry that unpacks to more", "a stored entry with two sizes",
            (DATA, STREAM, {"sizes": (len(STREAM), 2**31)})),
    bad_zip("count-too-large", "an end record that says 65,534 entries", "cannot hold 65534 entries",
            (DATA, STREAM, {}),
            count=65_534),
    bad_zip("count-too-small", "an end record that says 0 entries", "has 1 entries and says 0", (DATA, STREAM, {}),
            count=0),
    bad_zip("directory-in-another-place", "a central directory that begins elsewhere", "does not end at",
            (DATA, STREAM, {}),
            offset=1),
    bad_zip("directory-of-4-gib", "a central directory of 4 GiB", "does not end at", (DATA, STREAM, {}),
            size=2**32 - 2),
    bad_zip("zip-in-parts", "a zip that says that it is one of several parts", "one of several parts",
            (DATA, STREAM, {}),
            disk=1),
    broken_zip("zip64-end-of-another-count", "a Zip64 end record of 2^63 entries", REFUSED_ZIP,
               lambda: zip64_end(count=2**63), says=("disagree",)),
    broken_zip("zip64-end-in-another-place", "a Zip64 end record whose directory lies at 2^63", REFUSED_ZIP,
               lambda: zip64_end(offset=2**63), says=("does not end at the Zip64 end record",)),
    broken_zip("zip64-locator-to-nowhere", "a Zip64 locator that points to 2^64-1", REFUSED_ZIP,
               lambda: zip64_end(locator=2**64 - 1), says=("points to no Zip64 end record",)),
    broken_zip("bytes-before-the-zip", "a zip behind other bytes, as in a self-extracting program", REFUSED_ZIP,
               lambda: b"#!/bin/sh\n" + plain(around()), says=("does not end at the end record",)),
    broken_zip("two-directories-and-the-first-counts", "two central directories; the end record is the first one's",
               REFUSED_ZIP, lambda: two_directories(0), says=("does not end at the end record",)),
    Case("two-directories-and-the-second-counts", "two central directories; only the second, hostile one counts",
         "what the second leads to, of which one entry is refused", lambda: two_directories(1), codes=REFUSED_NAME,
         says=("../sentinel/planted",)),
    broken_zip("comment-with-an-end-record", "a comment with a second end record in it, which lies", REFUSED_ZIP,
               lambda: comment_with_an_end(False), says=("does not end at the end record",)),
    Case("comment-with-a-whole-zip",
         "a comment with a second zip in it, which is hostile: readers differ about which counts",
         "what leads out is refused; the others come", lambda: comment_with_an_end(True),
         codes=REFUSED_NAME, says=("../sentinel/planted",)),
    Case("local-header-of-another-name-indexed", "a local header with another name than the central directory",
         "check says so; restored by the central directory",
         lambda: indexed(around(), entry_lies={DATA: {"local_name": b"../.tar.gz"}}), codes=Codes(check=DAMAGED),
         says=("another name",)),
    broken_zip("local-header-of-another-name", "the same without an index", "damage of that entry",
               lambda: plain_of(STREAM, local_name=b"../.tar.gz"), says=("another name",)),
    Case("crc-of-the-zip-that-is-wrong-indexed", "data of another CRC than the zip says",
         "check says so; the digests are right",
         lambda: indexed(around(), entry_lies={DATA: {"crc": 1}}), codes=Codes(check=DAMAGED), says=("CRC",)),
    broken_zip("manifest-of-another-crc", "a manifest of another CRC than the zip says", REFUSED_ZIP,
               lambda: indexed(around(), entry_lies={b"osbackup/manifest.json": {"crc": 1}}),
               says=("CRC does not match",)),
    broken_zip("manifest-that-is-deflated", "a manifest that is deflated in the zip", REFUSED_ZIP, deflated_manifest,
               says=("not stored as it is",)),
    broken_zip("data-that-the-manifest-does-not-know", "a second directory's data that the manifest does not have",
               REFUSED_ZIP, lambda: indexed(around(), rest=lambda zip_file: zip_file.add(b"srv.tar.gz", STREAM)),
               says=("entries with data",)),
    Case("encrypted", "data that the zip says are encrypted", "said, with what can be done; nothing comes",
         lambda: plain_of(STREAM, flags=0x0809), codes=Codes(USAGE, None, PARTLY, PARTLY),
         says=("etc.tar.gz", "encrypted"), restored={}),
    Case("data-that-are-deflated", "a `.tar.gz` that is deflated once more in the zip, as `zip` does when it is let",
         "restored",
         lambda: plain_of(deflate(STREAM), method=8, crc=zlib.crc32(STREAM),
                          sizes=(len(deflate(STREAM)), len(STREAM)))),
    cut("cut-off-in-the-data", "an archive that ends in its data", 0.1),
    cut("cut-off-in-the-index", "an archive that ends in its index", 0.5),
    cut("cut-off-in-the-directory", "an archive that ends in its central directory", 0.95),
    cut("cut-off-by-a-byte", "an archive without its last byte", 1),
    Case("benign", "nothing: an archive as osbackup makes it", "restored", lambda: indexed(around()), as_user=True),
    Case("benign-without-an-index", "nothing: an archive as `engine = commands` makes it",
         "restored, by going through it",
         lambda: plain(around()), as_user=True),
]
