"""Kinds, modes, owners, times and attributes that ask for more than a restore may give."""

import crafted
from case import AFTER, BEFORE, BROKEN, INNOCENT, REFUSED, ROOT, Case, Codes, around, both
from crafted import directory, file, indexed, pax_record, plain, stored

NOT_SET = Codes(restore=None, keep_going=None)  # 0, or 3 where something that was asked for could not be set.
ACLS = (b"user::rwx,bogus", b",,,:::", b"user:0:rwx" * 1000, b"default:user::rwx", b"user:-1:rwx,group::r--,other::r--",
        b"user:4294967296:rwx,user::r--,group::r--,mask::rwx,other::r--", b"\xff\xfe")


def attributes_of(count):
    return b"".join(pax_record(b"SCHILY.xattr.user.%x" % number, b"") for number in range(count))


def with_attributes(records):
    return plain(around(file(b"etc/a").stored(crafted.pax_header(records) + file(b"etc/a").tar)))


CASES = [
    *both("devices", "device nodes of a disk, of memory, of /dev/null, and of numbers that there are not",
          "as root they are restored as nodes that nothing opens; an ordinary user is told that they cannot be made",
          around(stored(b"etc/block", "block", device=(8, 0), mode=0o600),
                 stored(b"etc/mem", "char", device=(1, 1), mode=0o600),
                 stored(b"etc/null", "char", device=(1, 3)),
                 stored(b"etc/odd", "char", device=(0o7777777, 0o7777777))),
          codes=NOT_SET, as_user=True),
    *both("setuid-files", "setuid and setgid files of root and of others, also of a directory",
          "root restores them as they were; an ordinary user gets them without the bits, or without another's rights",
          around(file(b"etc/other", b"#!\n", mode=0o6755, uid=99, gid=99), file(b"etc/root", b"#!\n", mode=0o6755),
                 directory(b"etc/shared", 0o7777, uid=99, gid=99)),
          codes=NOT_SET, as_user=True, restored=INNOCENT | {b"etc/root": b"#!\n", b"etc/other": b"#!\n"}),
    *both("owner-of-minus-one", "a setuid file of the owner 2^32-1, which chown(2) takes for `leave it`",
          "the file does not become root's setuid file unsaid",
          around(file(b"etc/a", b"#!\n", mode=0o6755).stored(
              crafted.pax_header([(b"uid", b"4294967295"), (b"gid", b"4294967295")]) +
              file(b"etc/a", b"#!\n", mode=0o6755).tar).said(uid=4294967295, gid=4294967295)),
          codes=NOT_SET),
    *both("times-at-the-end-of-time", "times of 2^63-1 seconds and as far before 1970",
          "what the file system takes, or named as not set",
          around(*(file(b"etc/" + name,
                        b"x").stored(crafted.pax_header([(b"mtime", time)]) + file(b"etc/" + name, b"x").tar)
                   .said(mtime=time.decode() + ".000000000")
                   for name, time in ((b"early", b"-9223372036854775808"), (b"late", b"9223372036854775807")))),
          codes=NOT_SET),
    *both("directory-without-rights", "a directory of mode 0000 with files below it",
          "its mode is set last: what lies below comes, as an ordinary user, too",
          [directory(b"etc", 0), BEFORE, directory(b"etc/d", 0), file(b"etc/d/x", b"x\n"), AFTER], as_user=True,
          restored=INNOCENT | {b"etc/d/x": b"x\n"}),
    Case("immutable-directory-indexed",
         "a directory that is immutable and append-only in the index, with files below it",
         "its flags are set last: what lies below comes",
         lambda: indexed([ROOT, BEFORE, directory(b"etc/d").said(flags="ai"), file(b"etc/d/x", b"x\n").said(flags="i"),
                          AFTER]),
         codes=NOT_SET, restored=INNOCENT | {b"etc/d/x": b"x\n"}, as_user=True),
    Case("all-flags-indexed", "every letter of the alphabet as inode flags", "what can be set is, the rest is named",
         lambda: indexed(around(file(b"etc/a",
                                     b"x").said(flags="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))),
         codes=NOT_SET),
    *both("attributes-of-odd-names",
          "attributes in name spaces that the kernel keeps for itself, of names that it refuses",
          "named as not set; the file and the others come",
          around(file(b"etc/a", b"x", attributes={
              b"security.": b"1", b"security.ima": b"\x04", b"security.evm": b"\x03" + bytes(20),
              b"system.hostile": b"1",
              b"user.": b"1", b"user." + b"n" * 300: b"1", b"hostile": b"1", b"user.new\nline\x1b[2J": b"1",
              b"trusted.overlay.opaque": b"y", b"btrfs.compression": b"zstd"})),
          codes=NOT_SET, restored=INNOCENT | {b"etc/a": b"x"}, as_user=True),
    *both("attribute-of-70-kib", "an attribute with a value of 70 KiB, more than the kernel takes",
          "named as not set; the file and the others come",
          around(file(b"etc/a", b"x", attributes={b"user.large": b"v" * 70_000})), codes=REFUSED, says=("user.large",),
          restored=INNOCENT | {b"etc/a": b"x"}),
    Case("attribute-without-a-name", "an attribute whose name is empty",
         "damage at that byte of the tar; what lies before it comes",
         lambda: with_attributes(pax_record(b"SCHILY.xattr.", b"1")), codes=BROKEN, says=("no name of an attribute",),
         restored={b"etc/0-before": b"before\n"}),
    Case("attributes-17000", "more attributes than a reader counts", "damage at that byte; what lies before it comes",
         lambda: with_attributes(attributes_of(17_000)), codes=BROKEN, says=("one of too many attributes",),
         restored={b"etc/0-before": b"before\n"}),
    Case("attributes-100000", "a hundred thousand attributes", "damage at that byte; what lies before it comes",
         lambda: with_attributes(attributes_of(100_000)), codes=BROKEN, says=("one of too many attributes",),
         restored={b"etc/0-before": b"before\n"}, is_kept=False),
    *both("acl-nonsense", "ACLs that are none: words, commas, ids of 33 bits, bytes that are not UTF-8",
          "named as not set; the files and the others come",
          around(*(file(b"etc/acl-%d" % number, b"x").stored(
              crafted.pax_header([(b"SCHILY.acl.access", acl), (b"SCHILY.acl.default", acl)]) +
              file(b"etc/acl-%d" % number, b"x").tar) for number, acl in enumerate(ACLS))),
          codes=NOT_SET, restored=INNOCENT | {b"etc/acl-%d" % number: b"x" for number in range(len(ACLS))}),
    Case("attributes-that-the-index-denies-indexed", "an attribute in the tar of which the index has no digest",
         "damage of that entry, or the attribute that the tar has; the others come",
         lambda: indexed(around(file(b"etc/a", b"x", attributes={b"user.a": b"1"}).said(xattrs_sha256=None))),
         codes=Codes(check=None, restore=None, keep_going=None), says=("etc/a",)),
]
