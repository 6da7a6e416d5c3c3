"""The archives of engine = native, read by tests/reader: a reader that was written from docs/format.md alone."""

import hashlib
import os
import random
import socket
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reader"))
from archive_check import verify  # noqa: E402
from archive_reader import Archive, FileSource, order, raw_text  # noqa: E402
from gzip_members import CorruptArchive  # noqa: E402
from tar_entry import attributes_digest  # noqa: E402

SMALL_FILES = 1500  # Enough that the index has several blocks.
LARGE_BYTES = (5 << 20) + 123
SEED = 20261125
TYPES = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "dir"), (stat.S_ISLNK, "symlink"), (stat.S_ISFIFO, "fifo"),
         (stat.S_ISCHR, "char"), (stat.S_ISBLK, "block"))


def noise(size, seed):
    return hashlib.shake_128(seed.encode()).digest(size)


def grow(source):
    """A tree with everything that the format keeps, below a directory."""
    root = os.fsencode(source)
    for number in range(SMALL_FILES):
        folder = os.path.join(root, b"many", b"%02d" % (number % 40))
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, b"file-%d" % number), "wb") as file:
            file.write(noise(number % 3000, str(number)))
    (source / "large").write_bytes(noise(LARGE_BYTES, "large"))
    (source / "exactly").write_bytes(noise((1 << 20) - 512, "exactly"))
    (source / "empty").touch()
    (source / "empty directory").mkdir()
    (source / "special").write_bytes(b"special")
    (source / "special").chmod(0o6711)
    os.chown(source / "special", 12345, 54321)
    for name in (b"\xff\xfe", b"quote\"'\\", b"new\nline", b"\x01\x7f", "ünï".encode(), b"a-b", b"a"):
        Path(os.fsdecode(os.path.join(root, name))).write_bytes(name)
    os.makedirs(source / ("x" * 100) / ("y" * 200))
    (source / ("x" * 100) / ("y" * 200) / ("z" * 250)).write_bytes(b"deep")
    os.symlink(b"to \xff nowhere", os.path.join(root, b"dangling"))
    os.link(source / "large", source / "large again")
    os.link(source / "special", source / "zz special again")
    os.mkfifo(source / "fifo")
    os.mknod(source / "null", stat.S_IFCHR | 0o640, os.makedev(1, 3))
    os.mknod(source / "loop", stat.S_IFBLK | 0o600, os.makedev(7, 200))
    with open(source / "sparse", "wb") as file:
        for offset in (0, 3 << 20, 9 << 20):
            file.seek(offset)
            file.write(noise(5000, str(offset)))
        file.truncate(20 << 20)
    (source / "attributes").write_bytes(b"attributes")
    os.setxattr(source / "attributes", "user.note", b"\0\xff binary\n=")
    os.setxattr(source / "attributes", "user.a", b"")
    subprocess.run(["setfacl", "-m", "u:1234:r,g:99:rw", source / "attributes"], check=True)
    subprocess.run(["setfacl", "-d", "-m", "u:1234:rx", source / "empty directory"], check=True)
    os.utime(source / "empty", ns=(0, -1_500_000_000))
    os.utime(source / "a", ns=(0, 5_000_000_000 * 10**9 + 7))


def walked(source):
    """Every object below and including a directory: {path as in the archive: os.lstat()}."""
    found = {}
    for folder, folders, files in os.walk(os.fsencode(source)):
        for path in [folder] + [os.path.join(folder, name) for name in files + folders]:
            found[path[1:]] = os.lstat(path)
    return found


def type_of(status):
    return next(name for is_it, name in TYPES if is_it(status.st_mode))


def seconds(nanoseconds):
    sign = "-" if nanoseconds < 0 else ""
    return f"{sign}{abs(nanoseconds) // 10**9}.{abs(nanoseconds) % 10**9:09}"


def sha256_of(path):
    return hashlib.sha256(Path(os.fsdecode(b"/" + path)).read_bytes()).hexdigest()


def attributes_of(path):
    path = b"/" + path
    return {os.fsencode(name): os.getxattr(path, name, follow_symlinks=False)
            for name in os.listxattr(path, follow_symlinks=False)}


@pytest.fixture
def archive(host):
    grow(host.source)
    host.run("backup", expect=0)
    (file,) = host.archives()
    return Archive(file)


def test_the_archive_agrees_with_itself_to_the_last_byte(host, archive):
    assert verify(archive) == len(walked(host.source))


def test_every_file_is_found_by_the_index_and_fetched_by_a_range(host, archive):
    files = {path for path, status in walked(host.source).items() if stat.S_ISREG(status.st_mode)}
    assert len(files) > SMALL_FILES
    for path in files:
        assert archive.read(path).sha256() == sha256_of(path), path


def test_the_index_is_in_order_and_says_what_the_file_system_says(host, archive):
    source = walked(host.source)

    lines = {raw_text(line, "path"): line for line in archive.lines()}

    assert list(lines) == sorted(source, key=order)
    assert len(archive.blocks()) > 3
    for path, line in lines.items():
        status = source[path]
        said = tuple(line.get(key) for key in ("mode", "uid", "gid", "mtime", "ctime", "dev", "inode", "nlink"))
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        assert said == (mode, status.st_uid, status.st_gid, seconds(status.st_mtime_ns), seconds(status.st_ctime_ns),
                        status.st_dev, status.st_ino, status.st_nlink), path
        if line["type"] != "hardlink":
            assert line["type"] == type_of(status), path
        assert line.get("size") == (status.st_size if stat.S_ISREG(status.st_mode) else None), path
        assert line.get("sha256") == (sha256_of(path) if stat.S_ISREG(status.st_mode) else None), path
        if line["type"] == "symlink":
            assert raw_text(line, "target") == os.readlink(b"/" + path)
    below = os.fsencode(host.source)[1:] + b"/"
    assert lines[below + b"empty"]["mtime"] == "-1.500000000"
    assert lines[below + b"hello.txt"]["user"] == "root"
    assert "user" not in lines[below + b"special"] and "group" not in lines[below + b"special"]


def test_links_devices_and_holes_have_their_keys(host, archive):
    below = os.fsencode(host.source)[1:] + b"/"

    def line(name):
        return archive.find(below + name)

    assert raw_text(line(b"large again"), "target") == below + b"large" and line(b"large again")["type"] == "hardlink"
    assert (line(b"null")["rdev"], line(b"loop")["rdev"], line(b"fifo")["type"]) == ("1:3", "7:200", "fifo")
    assert line(b"sparse")["holes"] is True and "holes" not in line(b"large")
    assert len(archive.read(below + b"sparse").stored) < 1 << 20
    assert not any("changed" in each for each in archive.lines())


def test_attributes_have_the_digest_that_the_format_defines(host, archive):
    with_attributes = 0
    for line in archive.lines():
        attributes = {} if line["type"] == "hardlink" else attributes_of(raw_text(line, "path"))
        assert line.get("xattrs_sha256") == (attributes_digest(attributes) if attributes else None), line
        with_attributes += bool(attributes)
    assert with_attributes >= 2


def test_a_small_file_takes_at_most_four_reads_and_two_mebibytes(host, archive):
    path = os.fsencode(host.source)[1:] + b"/many/07/file-1487"
    assert archive.size > 4 << 20
    fresh = Archive(FileSource(host.archives()[0]))

    content = fresh.read(path).content()

    assert content == noise(1487, "1487")
    assert fresh.reads <= 4 and fresh.bytes_read < 2 << 20


def test_a_directory_that_is_a_link_is_found_as_both(host):
    real = host.folder / "a real one"
    real.mkdir()
    (real / "inside").write_bytes(b"inside")
    os.symlink(real, host.folder / "zz link")
    (host.source / "more").write_bytes(b"more")
    host.configure("BackupDirs", directory=f"{host.source},{host.folder / 'zz link'}")
    host.run("backup", expect=0)

    archive = Archive(host.archives()[0])

    verify(archive)
    assert archive.find(os.fsencode(host.folder / "zz link")[1:])["type"] == "symlink"
    assert archive.read(os.fsencode(real / "inside")[1:]).content() == b"inside"
    assert archive.read(os.fsencode(host.source / "more")[1:]).content() == b"more"


def test_what_is_missing_stands_in_the_warnings(host):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fsencode(host.source) + b"/\xffsocket")
        host.run("backup")

    archive = Archive(host.archives()[0])

    verify(archive)
    (warning,) = archive.warnings()
    assert raw_text(warning, "path") == os.fsencode(host.source)[1:] + b"/\xffsocket"
    assert "socket" in warning["reason"]


def test_a_configured_directory_that_is_left_out_stands_in_the_warnings(host):
    missing, file = host.source.parent / "missing", host.source / "hello.txt"
    host.configure("BackupDirs", directory=f"{host.source / 'more'},{missing},{file}")
    (host.source / "more").mkdir()

    host.run("backup", expect=3)

    found = {raw_text(warning, "path"): warning["reason"] for warning in Archive(host.archives()[0]).warnings()}
    assert sorted(found) == sorted(os.fsencode(path)[1:] for path in (missing, file))
    assert found[os.fsencode(file)[1:]].startswith("is not a directory")


def test_each_level_of_compression_makes_the_archive_smaller(host):
    programs = sorted(Path(os.__file__).parent.glob("*.py"))
    (host.source / "text").write_bytes(b"".join(program.read_bytes() for program in programs))
    sizes = []
    for level in ("fast", "balanced", "best"):
        host.configure("Archive", compression=level)
        before = set(host.archives())
        host.run("backup", expect=0)
        (made,) = set(host.archives()) - before
        verify(Archive(made))
        sizes.append(made.stat().st_size)

    assert sizes == sorted(set(sizes), reverse=True)


def test_the_manifest_says_whose_archive_it_is(host, archive, server):
    manifest = archive.manifest

    identity = Path("/etc/machine-id")
    text = identity.read_text().strip() if identity.exists() else ""
    assert manifest["machine_id"] == (hashlib.sha256(f"osbackup{text}".encode()).hexdigest() if text else "")
    assert (manifest["hostname"], manifest["ip"]) == ("testhost", "192.0.2.7")
    assert manifest["tool"].startswith("osbackup ")
    assert host.last().rsplit("+", 1)[1] == manifest["started"].replace("-", "").replace(":", "") + ".zip"
    assert manifest["started"] <= manifest["finished"]
    assert [each["path"] for each in manifest["directories"]] == [str(host.source)]


def test_a_flipped_bit_in_any_entry_is_noticed(host, archive, tmp_path):
    chance = random.Random(SEED)
    raw = host.archives()[0].read_bytes()
    damaged_file = tmp_path / "damaged.zip"
    for entry in archive.entries:
        damaged = bytearray(raw)
        damaged[entry.offset + chance.randrange(entry.length)] ^= 1 << chance.randrange(8)
        damaged_file.write_bytes(damaged)

        with pytest.raises(CorruptArchive):
            verify(Archive(damaged_file))


def test_every_command_of_restore_txt_works_as_it_stands(host, archive, tmp_path):
    file = host.archives()[0]
    text = zipfile.ZipFile(file).read("osbackup/RESTORE.txt").decode()
    commands = [line for line in text.splitlines() if line.startswith(("  unzip", "  mkdir", "    tar"))]
    script = "\n".join(commands).replace("/restore", str(tmp_path / "restore"))

    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], cwd=file.parent, capture_output=True)

    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b'"sha256":"' in done.stdout
    back = tmp_path / "restore" / str(host.source).lstrip("/")
    subprocess.run(["diff", "-r", "--no-dereference", "--exclude=fifo", "--exclude=null", "--exclude=loop", host.source,
                    back], check=True)


@pytest.mark.parametrize("limit", [128, 256])
def test_a_host_that_lets_a_process_open_few_files_is_backed_up_whole(host, limit):
    for number in range(600):
        folder = host.source / f"folder {number}"
        folder.mkdir()
        (folder / "a").write_text(str(number))
        os.link(folder / "a", folder / "b")
    deep = host.source
    for _ in range(200):
        deep = deep / "d"
        deep.mkdir()
    (deep / "bottom").write_text("found")

    done = subprocess.run(
        ["prlimit", f"--nofile={limit}", *host.command("backup")], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr + host.log_text()
    (file,) = host.archives()
    assert verify(Archive(file)) == len(walked(host.source))


def test_more_directories_than_a_manifest_holds_end_the_run_before_the_work(host):
    directories = [host.source / f"a directory with a name of some length {number}" for number in range(160)]
    for directory in directories:
        directory.mkdir()
    os.mknod(directories[0] / "socket", stat.S_IFSOCK | 0o600)
    host.configure("BackupDirs", directory=",".join(map(str, directories)))

    _, _, err = host.run("backup", expect=2)

    assert "the 160 directories in [BackupDirs] need a manifest of" in err
    assert "name fewer directories, or directories above them" in err
    assert "a socket" not in host.log_text()


def test_a_large_file_that_ends_before_its_size_is_missing_and_named(host):
    large = host.source / "large"
    large.write_bytes(noise(3 << 20, "large"))
    host.drop("Ftp")
    host.configure("Storage", url=f"file://{host.folder}/stored")
    (host.folder / "stored").mkdir()

    # No disk does that; what network and FUSE file systems say of a file's size may not be so.
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-P", large, "-e", "inject=preadv2,pread64:retval=0",
         *host.command("backup")],
        # Under strace the leak check, which is part of some builds, cannot work.
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, capture_output=True, text=True, timeout=60)

    assert done.returncode == 3, done.stderr
    assert f"{large}: became shorter while it was read; the rest is zeros" in host.log_text()
