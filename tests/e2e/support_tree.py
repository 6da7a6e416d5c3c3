"""Random trees with everything that the archive keeps (docs/format.md, "A directory's tar"), each made from a seed."""

import errno
import os
import random
import stat
import struct
import subprocess

MIB = 1 << 20
SIZES = (0, 1, 511, 512, 513, 4095, 100_000, MIB - 1024, MIB - 513, MIB - 512, MIB - 511, MIB - 1, MIB, MIB + 1,
         2 * MIB)
NAMES = (b"-rf", b"--checkpoint-action=exec=false", b"-", b"back\\slash", b"a\\nb", b"new\nline", b"\n", b"\ttab",
         b" ", b" blank ", b"trailing  ", b"*", b"?", b"[a-z]", b"{a,b}", b"~", b"$HOME", b"`false`", b"%3D=%25", b"%",
         b"\"'", b"'", b"#U00e9", b"\xc3\xa9", b"e\xcc\x81", b"\xe2\x82\xac", b"\xf0\x9f\x92\xbe", b"\xff\xfe", b"\xc3",
         b"\xed\xa0\x80", b"\x01\x7f", b"\r", b"\x1b[2J", b"@x", b"...", b"C:x", b"a=b", b"GNUSparseFile.0",
         b"12 path=x\n")
MODES = (0, 0o400, 0o640, 0o755, 0o777, 0o4755, 0o2755, 0o6711, 0o1777, 0o2770, 0o7777)
IDS = (0, 0, 1, 99, 65_534, 100_000, 2_097_151, 2_097_152, 2_147_483_647, 4_294_967_294)
ACL_IDS = (1, 99, 65_534, 2_097_152, 4_294_967_294)
SECONDS = (0, 1, -1, -2, -1_000_000_000, -2_147_483_648, 1_700_000_000, 2_147_483_647, 2_147_483_648, 4_294_967_295,
           4_294_967_296, 8_589_934_591, 8_589_934_592, 10_413_792_000, 15_000_000_000)
NANOSECONDS = (0, 0, 1, 100_000_000, 123_456_789, 500_000_000, 999_999_999)
ATTRIBUTE_NAMES = (b"note", b"with space", b"new\nline", b"*", b"%", b"\xff\xfe", b"\xc3\xa9", b"a.b/c", b"-x",
                   b"n" * 200)
CAPABILITIES = (struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0),
                struct.pack("<IIIII", 0x02000000, 1 << 12 | 1, 1 << 13, 0, 0),
                struct.pack("<IIIIII", 0x03000001, 1 << 10, 0, 0, 0, 100_000))
DIRECTORIES = 30
LARGE_DIRECTORY_FILES = 600
DEEP_PATH_BYTES = 3300  # So that a path below the folder of a test is one that programs can open.


def remove_tree(path):
    """Whatever is there: directories of any depth, what is immutable or append-only, what nobody may enter."""
    if os.path.lexists(path):
        subprocess.run(["chattr", "-R", "-f", "-i", "-a", path], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", "--one-file-system", path], check=True)


class RandomTree:
    """A tree below a folder that exists. `flags` has the letters of chattr(1) for the paths that have some."""

    def __init__(self, root, seed):
        self.chance = random.Random(seed)
        self.root = os.fsencode(root)
        self.directories = [self.root]
        self.flags = {}
        self.others = []  # Whatever is no directory, hard links too.
        self.grow()
        self.decorate()

    # --- names and places

    def name(self):
        kind = self.chance.randrange(6)
        if kind == 0:
            return self.chance.choice(NAMES)
        if kind == 1:
            return self.bytes_for_names(self.chance.randint(1, 255))
        if kind == 2:
            return self.bytes_for_names(255)
        if kind == 3:
            return b"x" * self.chance.choice((99, 100, 101, 155, 156, 255))
        return b"%s-%d" % (self.chance.choice((b"file", b"a", b"a-b", b"z")), self.chance.randrange(1000))

    def bytes_for_names(self, length):
        return bytes(self.chance.choice(range(1, 256)) for _ in range(length)).replace(b"/", b"!").replace(b".", b",")

    def place(self, parent=None):
        """A path that is free."""
        while True:
            path = os.path.join(parent or self.chance.choice(self.directories), self.name())
            if len(path) < DEEP_PATH_BYTES and not os.path.lexists(path):
                return path

    def file(self, path, content):
        with open(path, "xb") as file:
            file.write(content)
        self.others.append(path)

    def content(self, size):
        """Noise, or something that deflate makes small."""
        if self.chance.randrange(2):
            return self.chance.randbytes(size)
        return (self.chance.randbytes(97) * (size // 97 + 1))[:size]

    # --- what there is

    def grow(self):
        self.add_directories()
        for name in NAMES:
            if not os.path.lexists(os.path.join(self.root, name)):
                self.file(os.path.join(self.root, name), name)
        for size in SIZES + tuple(self.chance.randrange(20_000) for _ in range(40)) + (self.chance.randrange(6 * MIB),):
            self.file(self.place(), self.content(size))
        self.add_hard_links(12)
        for _ in range(12):
            self.add_sparse()
        self.add_hard_links(12)
        for _ in range(15):
            self.add_symlink()
        self.add_hard_links(12)
        for kind in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK):
            for _ in range(4):
                self.add_node(kind)
            self.add_hard_links(4)

    def add_directories(self):
        for _ in range(DIRECTORIES):
            self.add_directory(self.place())
        deep = self.root
        while len(deep) < DEEP_PATH_BYTES - 256:
            deep = os.path.join(deep, self.bytes_for_names(self.chance.randint(20, 255)))
            self.add_directory(deep)
        large = self.place(self.root)
        self.add_directory(large)
        for number in range(LARGE_DIRECTORY_FILES):
            self.file(os.path.join(large, b"%d" % number), b"%d" % number)
        self.add_directory(self.place())  # The last stays empty as a rule, as some of the others do.

    def add_directory(self, path):
        os.mkdir(path)
        self.directories.append(path)

    def add_sparse(self):
        """With holes at the beginning, at the end, everywhere, or in many places."""
        path = self.place()
        size = self.chance.randrange(1, 24 * MIB)
        pieces = self.chance.choice((0, 1, 3, 200))
        with open(path, "xb") as file:
            for _ in range(pieces):
                file.seek(self.chance.choice((0, size, self.chance.randrange(size))))
                file.write(self.content(self.chance.choice((1, 4096, 9000))))
            file.truncate(max(size, file.seek(0, os.SEEK_END)))
        self.others.append(path)

    def add_symlink(self):
        path = self.place(self.chance.choice(self.directories[1:]))
        # None that exists leads out of the tree: programs that follow it change what is there.
        target = self.chance.choice((b"..", b"/nonexistent", b"no where", self.bytes_for_names(100), b"t/" * 2000,
                                     self.bytes_for_names(101), os.path.basename(self.chance.choice(self.others))))
        os.symlink(target, path)
        self.others.append(path)

    def add_node(self, kind):
        path = self.place()
        major, minor = self.chance.randrange(4096), self.chance.choice((0, 255, 256, self.chance.randrange(1 << 20)))
        os.mknod(path, kind | 0o600, 0 if kind == stat.S_IFIFO else os.makedev(major, minor))
        self.others.append(path)

    def add_hard_links(self, count):
        """Of some of what was made last, before or behind its first name, in the same block or another."""
        for first in self.chance.choices(self.others[-count:], k=5):
            path = self.place()
            os.link(first, path, follow_symlinks=False)
            self.others.append(path)

    # --- attributes

    def decorate(self):
        paths = self.others + self.directories[::-1]  # A directory comes behind what lies in it.
        files = [path for path in self.others if stat.S_ISREG(os.lstat(path).st_mode)]
        always = [self.chance.choice(self.directories), self.chance.choice(files)]
        for path in paths:
            if self.chance.randrange(3):
                os.chown(path, self.chance.choice(IDS), self.chance.choice(IDS), follow_symlinks=False)
            kind = os.lstat(path).st_mode
            if not stat.S_ISLNK(kind) and self.chance.randrange(3):
                os.chmod(path, self.chance.choice(MODES))
            if self.chance.randrange(8) == 0 or path in always:
                self.add_attributes(path, kind)
            if not stat.S_ISLNK(kind) and (self.chance.randrange(20) == 0 or path in always):
                self.add_acl(path, kind)
        for path in self.chance.sample([path for path in files if os.lstat(path).st_nlink == 1], 3):
            self.flags[path] = self.chance.choice(("A", "d", "Ad"))
            subprocess.run(["chattr", "+" + self.flags[path], path], check=True)
        for path in paths:
            if self.chance.randrange(4):
                os.utime(path, ns=(0, self.time()), follow_symlinks=False)

    def protect(self):
        """Makes some files and directories immutable or append-only. The last thing to do to a tree."""
        files = [path for path in self.others if stat.S_ISREG(os.lstat(path).st_mode) and path not in self.flags]
        single = [path for path in files if os.lstat(path).st_nlink == 1]
        linked = [path for path in files if os.lstat(path).st_nlink > 1]
        chosen = [*self.chance.sample(single, 2), self.chance.choice(linked),
                  *self.chance.sample(self.directories[1:DIRECTORIES], 2)]
        for path, letter in zip(chosen, "aiiai"):
            self.flags[path] = letter
            subprocess.run(["chattr", "+" + letter, path], check=True)

    def time(self):
        return self.chance.choice(SECONDS) * 10**9 + self.chance.choice(NANOSECONDS)

    def add_attributes(self, path, kind):
        has_user = stat.S_ISREG(kind) or stat.S_ISDIR(kind)  # The kernel has user.* for these alone.
        for _ in range(self.chance.randint(1, 4)):
            space = self.chance.choice((b"user.", b"trusted.") if has_user else (b"trusted.",))
            value = self.chance.choice((b"", b"kept", b"\0\xff binary\n=", self.chance.randbytes(700)))
            self.set_attribute(path, space + self.chance.choice(ATTRIBUTE_NAMES), value)
        if stat.S_ISREG(kind) and self.chance.randrange(3) == 0:
            self.set_attribute(path, b"security.capability", self.chance.choice(CAPABILITIES))

    def set_attribute(self, path, name, value):
        try:
            os.setxattr(path, name, value, follow_symlinks=False)
        except OSError as error:
            if error.errno != errno.ENOSPC:  # ext4 has 4 KiB for all of them.
                raise

    def add_acl(self, path, kind):
        rules = ",".join(f"{who}:{self.chance.choice(ACL_IDS)}:{self.chance.choice(('r', 'rw', 'rwx', '-', 'x'))}"
                         for who in self.chance.choices(("u", "g"), k=self.chance.randint(1, 5)))
        subprocess.run(["setfacl", "-m", rules, "--", path], check=True)
        if stat.S_ISDIR(kind):
            subprocess.run(["setfacl", "-d", "-m", rules, "--", path], check=True)
