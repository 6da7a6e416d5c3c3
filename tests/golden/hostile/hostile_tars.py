"""Tars and gzip streams that lie about lengths, hold more than they say, or go on behind their end."""

import struct

from case import (AFTER, ANY, BEFORE, BESIDE, BROKEN, BROKEN_DATA, INNOCENT, OUTSIDE, REFUSED_NAME, ROOT,
                  Case, Codes, around, both)
from crafted import (TAR_END, Zip, deflated_zeros, file, gzip_member, gzip_stream, indexed, padded, pax_header,
                     pax_record,
                     plain, plain_of, sparse_file, tar_header, tar_of)

EMPTY_MEMBER = gzip_stream(b"")
FIRST = {b"etc/0-before": b"before\n"}
AT_BYTE = "damage at that byte of the tar; what lies before it comes"
PLANTED_OUT = file(BESIDE + b"/planted")
HUGE = 2**62
BOMB_MIB = 90
GIB_MIB = 1024


def broken_tar(name, tries, tar, says, **values):
    """A tar without an index that is damaged behind its first file."""
    return Case(name, tries, AT_BYTE, lambda: plain(around(file(b"etc/a").stored(tar))),
                **{"codes": BROKEN, "says": (says,), "restored": FIRST, **values})


def broken_sparse(name, tries, thing, says):
    values = {"codes": BROKEN_DATA, "restored": INNOCENT, "must": "damage of that entry; the others come"}
    return both(name, tries, AT_BYTE, around(thing), codes=BROKEN, says=(says,), restored=FIRST, indexed=values)


def member_instead(change):
    """Changes the member of the attacking entry, the third one."""
    return lambda members: [*members[:2], [change(members[2][0])], *members[3:]]


def broken_member(name, tries, change, message, must="damage of that entry; the others come", **values):
    return Case(name, tries, must,
                lambda: indexed(around(file(b"etc/a", b"content of the file\n")), members=member_instead(change)),
                **{"codes": BROKEN_DATA, "says": (message, "etc/a"), "absent": (b"etc/a",), **values})


def mended_member(name, tries, change, says):
    """A member that is not as it was made, with content that is."""
    return broken_member(name, tries, change, says, must="damage of that member; all objects come, by their digests",
                         codes=BROKEN_DATA, says=(says,), absent=(),
                         restored={**INNOCENT, b"etc/a": b"content of the file\n"})


def bomb(mebibytes, **said):
    packed, crc = deflated_zeros(mebibytes)
    return gzip_member(b"", packed=packed, crc=crc, **{"isize": mebibytes << 20 & 0xFFFFFFFF, **said})


def of_zeros(mebibytes):
    """A gzip stream of a tar with so many MiB of zeros in one pax header, of which deflate makes a thousandth."""
    return gzip_stream(tar_header(b"PaxHeaders/0", b"x", mebibytes << 20) + bytes(mebibytes << 20))


def large_file(mebibytes):
    """A gzip stream of a tar with one file of so many MiB of zeros."""
    return gzip_stream(tar_header(b"etc/zeros", size=mebibytes << 20) + bytes(mebibytes << 20) + TAR_END)


def of_the_large(change):
    """Cuts the third object's tar in another way."""
    return lambda pieces: [*pieces[:2], change(b"".join(pieces[2])), *pieces[3:]]


def with_ob(value):
    return lambda member: member[:16] + struct.pack("<Q", value) + member[24:]


HEADERS = [
    broken_tar("pax-record-too-short", "a pax record whose length is less than it takes",
               pax_header(b"3 path=etc/a\n") +
               file(b"etc/a").tar, "something else than a record"),
    broken_tar("pax-record-too-long", "a pax record whose length goes beyond its header",
               pax_header(b"99999999999999999999 path=etc/a\n") + file(b"etc/a").tar, "something else than a record"),
    broken_tar("pax-record-of-2-to-the-64", "a pax record of 2^64-1 bytes",
               pax_header(b"18446744073709551615 path=etc/a\n") + file(b"etc/a").tar, "something else than a record"),
    broken_tar("pax-record-without-keyword", "a pax record without an equals sign",
               pax_header(b"10 path a\n") + file(b"etc/a").tar, "without a keyword"),
    broken_tar("pax-header-of-8-gib", "a pax header that says that it has 8 GiB",
               pax_header(b"", said=0o77777777777) + file(b"etc/a").tar, "at most 16777216 are supported"),
    broken_tar("gnu-name-of-8-gib", "a GNU long name that says that it has 8 GiB",
               tar_header(b"././@LongLink", b"L", 0o77777777777) + file(b"etc/a").tar, "at most 1048576 are supported"),
    broken_tar("global-header-of-1-mib", "a global header of 1 MiB, to be copied for every entry",
               pax_header(pax_record(b"comment", b"c" * (1 << 20)), b"g") + file(b"etc/a").tar,
               "at most 65536 are supported"),
    broken_tar("size-of-2-to-the-63", "a pax size of 2^63", pax_header([(b"size", b"%d" % 2**63)]) + file(b"etc/a").tar,
               "beyond what a file can hold"),
    broken_tar("size-of-2-to-the-64-less-1", "a pax size of 2^64-1, which wraps when it is rounded up",
               pax_header([(b"size", b"%d" % (2**64 - 1))]) + file(b"etc/a").tar, "beyond what a file can hold"),
    broken_tar("size-of-2-to-the-62", "a size of 2^62 in a tar that ends soon", pax_header([(b"size", b"%d" % HUGE)]) +
               file(b"etc/a").tar, "is cut off"),
    broken_tar("size-below-zero", "a size of -512 in base 256",
               tar_header(b"etc/a", fields={124: b"\xff" * 10 + b"\xfe\x00"}), "is no number that it may hold"),
    broken_tar("checksum", "a header whose checksum is not true", tar_header(b"etc/a", checksum=1),
               "the checksum of a header is not true"),
    broken_tar("one-zero-record", "one zero record, and entries behind it", bytes(512) + PLANTED_OUT.tar,
               "one zero record stands before something else"),
    broken_tar("multi-volume", "the rest of a file from another volume, with an offset",
               tar_header(b"etc/a", b"M", 512, fields={369: b"77777777777"}) + bytes(512), "not supported"),
    Case("hidden-by-a-pax-size", "a pax size of 0 before a ustar size of 512, whose content is a header that leads out",
         "whoever is right, the hidden entry is refused; the others come",
         lambda: plain(around(file(b"etc/a").stored(pax_header([(b"size", b"0")]) + tar_header(b"etc/a", size=512) +
                                                    tar_header(BESIDE + b"/planted")))),
         codes=REFUSED_NAME, says=("../sentinel/planted",)),
    Case("hidden-behind-the-end", "entries behind the two zero records that end the tar", "not read; the others come",
         lambda: plain([*around(), file(b"etc/zzz-hidden").stored(TAR_END + file(b"etc/zzz-hidden").tar), PLANTED_OUT]),
         absent=(b"etc/zzz-hidden",)),
    Case("hidden-from-the-index-indexed", "an entry that leads out, in the tar between two that the index has",
         "not restored, since the index does not have it; the others come",
         lambda: indexed([ROOT, BEFORE.stored(BEFORE.tar + PLANTED_OUT.tar), AFTER]), codes=Codes(check=None)),
    Case("global-header-of-a-path", "a global header that gives a path that leads out to all entries behind it",
         "refused by that name; what lies before it comes",
         lambda: plain([ROOT, BEFORE, file(b"etc/a").stored(
             pax_header([(b"path", BESIDE + b"/planted"), (b"linkpath", OUTSIDE)], b"g") + file(b"etc/a").tar), AFTER]),
         codes=REFUSED_NAME, says=("../sentinel/planted",), restored=FIRST),
    Case("unknown-type", "an entry of a type that nobody knows", "a file, as POSIX says; the others come",
         lambda: plain(around(file(b"etc/a", b"x").stored(tar_header(b"etc/a", b"Z", 1) + padded(b"x")))),
         restored=INNOCENT | {b"etc/a": b"x"}),
    Case("tar-cut-off", "a tar that ends inside a file", "damage at that byte; what lies before it comes",
         lambda: plain_of(gzip_stream(tar_of([ROOT, BEFORE, file(b"etc/a", b"x" * 2048)])[:-2048])), codes=BROKEN,
         says=("is cut off",), restored=FIRST, absent=(b"etc/a",)),
    Case("tar-without-an-end", "a tar that ends behind a file, without the records that end it",
         "what it has comes, with a note that it may be cut off",
         lambda: plain_of(gzip_stream(tar_of(around())[:-len(TAR_END)])), codes=Codes(check=None)),
    Case("no-tar", "a `.tar.gz` that holds text", "damage at its first byte",
         lambda: plain_of(gzip_stream(b"no tar but text\n" * 100)), codes=BROKEN, says=("checksum",), restored={}),
]

SPARSE = [
    *broken_sparse("sparse-overlapping", "a sparse file whose extents overlap",
                   sparse_file(b"etc/a", 8192, [(0, b"x" * 1024), (512, b"y" * 1024)]), "overlap"),
    *broken_sparse("sparse-unsorted", "a sparse file whose extents are not in order",
                   sparse_file(b"etc/a", 8192, [(4096, b"x" * 512), (0, b"y" * 512)]), "not in order"),
    *broken_sparse("sparse-beyond-its-size", "a sparse file with an extent behind its end",
                   sparse_file(b"etc/a", 4096, [], map_text=b"1\n8192\n512\n", data=b"x" * 512), "goes beyond"),
    *broken_sparse("sparse-that-wraps", "a sparse file with an extent of 2^64-1 bytes",
                   sparse_file(b"etc/a", 4096, [], map_text=b"1\n512\n18446744073709551615\n", data=b"x" * 512),
                   "beyond what a file can hold"),
    *broken_sparse("sparse-without-its-data", "a sparse file whose map has more data than the tar",
                   sparse_file(b"etc/a", 1 << 20, [], map_text=b"1\n0\n524288\n", data=b"x" * 512), "bytes of data"),
    *broken_sparse("sparse-of-10-to-the-9-extents", "a map that says that it has 10^9 extents, and ends",
                   sparse_file(b"etc/a", 4096, [], map_text=b"1000000000\n" + b"0\n" * 250 + b"0"),
                   "is longer than the content"),
    *broken_sparse("sparse-map-of-letters", "a map without numbers",
                   sparse_file(b"etc/a", 4096, [], map_text=b"x" * 512),
                   "something else than numbers"),
    *both("sparse-of-2-to-the-62", "a sparse file of 2^62 bytes without data",
          "what the file system takes, or named; within the time limit, though nobody can hash that; the others come",
          around(sparse_file(b"etc/a", HUGE, [], digest="0" * 64)), codes=ANY, as_user=True),
]

MEMBERS = [
    broken_member("member-says-less-than-it-holds", "a member of 90 MiB of zeros that says that it holds 1 MiB",
                  lambda _: bomb(BOMB_MIB, isize=1 << 20), "holds more than"),
    broken_member("member-of-90-mib", "a member of 90 MiB that says so", lambda _: bomb(BOMB_MIB),
                  "says that it holds 94371840"),
    broken_member("member-of-1-gib", "a member of 1 GiB of zeros that says that it holds 1 MiB",
                  lambda _: bomb(GIB_MIB, isize=1 << 20), "holds more than", is_kept=False),
    mended_member("member-with-another-size", "a member whose ISIZE is not true",
                  lambda member: member[:-4] + struct.pack("<I", 512), "gzip member"),
    mended_member("member-with-another-crc", "a member whose CRC is not true",
                  lambda member: member[:-8] + b"\0\0\0\0" + member[-4:], "CRC"),
    broken_member("member-of-no-deflate", "a member that is not deflated", lambda member: member[:24] + b"\xff" * 40 +
                  member[64:], "cannot be inflated"),
    mended_member("member-with-an-ob-of-0", "a member that says that it has 0 bytes", with_ob(0), "says that it has 0"),
    mended_member("member-with-an-ob-of-2-to-the-63", "a member that says that it has 2^63 bytes", with_ob(2**63),
                  "says that it has 9223372036854775808"),
    mended_member("member-with-an-ob-that-points-backwards", "a member that says that it has 2^64-100 bytes",
                  with_ob(2**64 - 100), "says that it has 18446744073709551516"),
    mended_member("member-with-an-ob-inside-itself", "a member that says that it ends in its own middle",
                  with_ob(40), "says that it holds"),
    broken_member("member-without-an-ob", "a member as gzip makes them, which does not say its length",
                  lambda member: gzip_stream(file(b"etc/a", b"content of the file\n").tar),
                  "does not begin as the format says"),
]


def large(name, tries, must="damage of that entry; the others come", **values):
    """A file of three members whose members are not what they should be."""
    changes = {key: values.pop(key) for key in ("pieces", "members") if key in values}
    return Case(name, tries, must, lambda: indexed(around(file(b"etc/a", LARGE)), **changes),
                **{"codes": BROKEN_DATA, "says": ("etc/a",), "absent": (b"etc/a",), **values})


LARGE = b"a file of more than one member\n" * 80_000
LARGE_FILES = [
    large("members-of-odd-lengths", "a file whose members do not hold 1 MiB each, but together the right bytes",
          "restored to the byte: no reader needs them to be equal",
          pieces=of_the_large(lambda run: [run[:512 * 3], run[512 * 3:512 * 1000], run[512 * 1000:512 * 3000],
                                           run[512 * 3000:]]),
          codes=Codes(check=None), absent=(), restored=INNOCENT | {b"etc/a": LARGE}),
    large("members-in-another-order", "a file whose second and third member are in each other's place",
          members=lambda runs: [*runs[:2], [runs[2][0], runs[2][2], runs[2][1]], *runs[3:]]),
    large("member-twice", "a file whose second member stands there twice, the third never",
          members=lambda runs: [*runs[:2], [runs[2][0], runs[2][1], runs[2][1]], *runs[3:]]),
    large("member-too-few", "a file without its last member",
          members=lambda runs: [*runs[:2], runs[2][:-1], *runs[3:]]),
    large("member-too-many", "a file with a member behind its last byte",
          members=lambda runs: [*runs[:2], [*runs[2], gzip_member(file(b"etc/hidden").tar)], *runs[3:]],
          absent=(b"etc/a", b"etc/hidden")),
    large("member-that-points-into-the-next", "a file whose second member says that it ends in the third",
          "damage of that entry; --keep-going finds all of it", absent=(), restored=INNOCENT | {b"etc/a": LARGE},
          members=lambda runs: [*runs[:2], [runs[2][0], with_ob(len(runs[2][1]) + 20)(runs[2][1]), runs[2][2]],
                                *runs[3:]]),
    large("member-of-nothing-in-the-middle", "a file with a thousand members without content between its own",
          "restored to the byte",
          members=lambda runs: [*runs[:2], [runs[2][0], *[gzip_member(b"")] * 1000, *runs[2][1:]], *runs[3:]],
          codes=Codes(check=None), absent=(), restored=INNOCENT | {b"etc/a": LARGE}),
]

STREAMS = [
    Case("stream-of-90-mib", "a file of 90 MiB of zeros in a few KiB",
         "restored, since that is what the archive has, in bounded memory",
         lambda: plain_of(large_file(BOMB_MIB)), restored={}),
    Case("pax-headers-of-75-mib", "five pax headers of 15 MiB of zeros", "damage; in bounded memory",
         lambda: plain_of(b"".join([of_zeros(15)] * 5)), codes=BROKEN, restored={}),
    Case("stream-of-3000-empty-members", "3,000 gzip members without content, then a tar", "restored",
         lambda: plain_of(EMPTY_MEMBER * 3000 + gzip_stream(tar_of(around())))),
    Case("stream-with-another-crc", "a gzip stream whose CRC is not true",
         "damage at its end; what was read before it comes, and is not trusted",
         lambda: plain_of(gzip_stream(tar_of(around()))[:-8] + bytes(4) + gzip_stream(tar_of(around()))[-4:]),
         codes=BROKEN, says=("CRC",), restored={}),
    Case("stream-cut-off", "a gzip stream that ends in its middle", "damage at that byte",
         lambda: plain_of(gzip_stream(tar_of(around()))[:120]), codes=BROKEN, says=("cut off",), restored={}),
    Case("stream-with-an-endless-name", "a gzip header whose name does not end", "damage",
         lambda: plain_of(bytes.fromhex("1f8b0808000000000003") + b"n" * 50_000), codes=BROKEN,
         says=("ends in the header",), restored={}),
    Case("stream-with-something-behind", "a gzip stream with other bytes behind it",
         "restored, with a note that it is not read",
         lambda: plain_of(gzip_stream(tar_of(around())) + b"something else"), codes=Codes(check=None)),
    Case("stream-of-nothing", "a `.tar.gz` of no bytes", "damage", lambda: plain_of(b""), codes=BROKEN,
         says=("it is empty",),
         restored={}),
]


def raw_records():
    """What a careless reader takes for records of an archive: those of a zip, of a tar and of gzip."""
    inner = Zip()
    inner.add(b"../sentinel/planted", b"planted\n")
    zip_bytes = inner.finish()
    tar_bytes = tar_of([PLANTED_OUT, file(OUTSIDE + b"/planted")])
    return zip_bytes + padded(b"") + gzip_stream(tar_bytes) + bytes(-len(zip_bytes + gzip_stream(tar_bytes)) % 512) + \
        tar_bytes + inner.end() + gzip_member(tar_bytes)


RAW = raw_records()

CASES = [*HEADERS, *SPARSE, *MEMBERS, *LARGE_FILES, *STREAMS,
         *both("content-of-raw-records",
               "files whose content is a zip, a tar, gzip members and end records that lead out",
               "restored to the byte; nothing in them is taken for records of the archive",
               around(file(b"etc/raw", RAW), file(b"etc/raw-at-the-end", RAW)),
               restored=INNOCENT | {b"etc/raw": RAW, b"etc/raw-at-the-end": RAW})]
