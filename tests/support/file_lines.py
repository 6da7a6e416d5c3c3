"""Describes files, one line each, so that a tar and the tree restored from it can be compared with what was meant.

    file_lines.py tree FOLDER     what lies in a folder
    file_lines.py tar FILE        what Python's tarfile finds in a tar

A line is: path, type, mode, uid, gid, size, mtime, target, device, SHA-256 of the content, attributes. Path, target and
the attributes' values are in hexadecimal, `-` stands for nothing. Lines are sorted. The NUL
that may end an SELinux label is left out. Of a tar's attributes only those
are listed that have their own name in it (SCHILY.xattr).
"""

import hashlib
import os
import stat
import sys
import tarfile
from collections.abc import Iterator

ATTRIBUTE = "SCHILY.xattr."


def line(path: bytes, kind: str, numbers: tuple[int, int, int, int], mtime: str, target: bytes = b"", device: str = "-",
         content: bytes | None = None, attributes: dict[str, bytes] | None = None) -> str:
    mode, uid, gid, size = numbers
    digest = "-" if content is None else hashlib.sha256(content).hexdigest()
    values = ",".join(f"{name}={value.hex()}" for name, value in sorted((attributes or {}).items())) or "-"
    return f"{path.hex()} {kind} {mode:04o} {uid} {gid} {size} {mtime} {target.hex() or '-'} {device} {digest} {values}"


def seconds(nanoseconds: int) -> str:
    sign, nanoseconds = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    return f"{sign}{nanoseconds // 10**9}.{nanoseconds % 10**9:09}"


def kind_of(mode: int) -> str:
    return {"-": "f"}.get(stat.filemode(mode)[0], stat.filemode(mode)[0])


def attribute(path: bytes, name: str) -> bytes:
    value = os.getxattr(path, name, follow_symlinks=False)
    return value.rstrip(b"\0") if name == "security.selinux" else value


def object_line(folder: bytes, path: bytes) -> str:
    """Of one object, its path as seen from a folder."""
    status = os.lstat(path)
    kind = kind_of(status.st_mode)
    size = status.st_size if kind == "f" else 0
    content = None
    if kind == "f":
        with open(path, "rb") as file:
            content = file.read()
    return line(path[len(folder) + 1:], kind, (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, size),
                seconds(status.st_mtime_ns), os.readlink(path) if kind == "l" else b"",
                f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}" if kind in "bc" else "-", content,
                {name: attribute(path, name) for name in os.listxattr(path, follow_symlinks=False)})


def tree_lines(folder: bytes) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        for path in [os.path.join(parent, name) for name in folders + files]:
            yield object_line(folder, path)


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def tar_mtime(member: tarfile.TarInfo) -> str:
    """tarfile's own number is a float, which has no room for nanoseconds."""
    whole, _, fraction = member.pax_headers.get("mtime", str(int(member.mtime))).partition(".")
    return f"{whole}.{fraction or 0:0<9}"


def tar_lines(path: str) -> Iterator[str]:
    kinds = {tarfile.SYMTYPE: "l", tarfile.LNKTYPE: "h", tarfile.CHRTYPE: "c", tarfile.BLKTYPE: "b",
             tarfile.DIRTYPE: "d", tarfile.FIFOTYPE: "p"}
    with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as tar:
        for member in tar:
            kind = kinds.get(member.type, "f")
            file = tar.extractfile(member) if kind == "f" else None
            yield line(raw(member.name), kind, (member.mode, member.uid, member.gid, member.size), tar_mtime(member),
                       raw(member.linkname), f"{member.devmajor}:{member.devminor}" if kind in "bc" else "-",
                       file.read() if file else None,
                       {name[len(ATTRIBUTE):]: raw(value) for name, value in member.pax_headers.items()
                        if name.startswith(ATTRIBUTE)})


def main() -> int:
    what, path = sys.argv[1:]
    lines = tree_lines(os.fsencode(path)) if what == "tree" else tar_lines(path)
    sys.stdout.write("".join(text + "\n" for text in sorted(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
