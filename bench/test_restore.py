"""Tests of bench/restore's own work: whether everything came back, what was read, and what is written of it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import comparison  # noqa: E402
import one_file  # noqa: E402
import restore_table  # noqa: E402
import restorers  # noqa: E402
import sftp_server  # noqa: E402
import target_disk  # noqa: E402
import traffic  # noqa: E402
import tree  # noqa: E402
from contenders import Places  # noqa: E402
from measuring import Failed  # noqa: E402
from sources import Source  # noqa: E402

MIB = 1 << 20
RESTORE_TEXT = """Bring everything back below /restore (use / instead to put it where it was):

  mkdir -p /restore
  unzip -p {zip} {entry} | \\
    tar -xpzf - -C /restore --numeric-owner --xattrs --xattrs-include='*' --acls

Names have no leading slash.
"""


@pytest.fixture
def subject(tmp_path):
    """A tree with one directory, in which two names of one file, a link, and a time with nanoseconds are."""
    root = tmp_path / "tree" / "lib restore"
    (root / "below").mkdir(parents=True)
    (root / "below" / "first").write_bytes(b"x" * 1000)
    os.link(root / "below" / "first", root / "second")
    os.symlink("second", root / "link")
    os.utime(root / "second", ns=(1, 1_500_000_000_123_456_789))
    return tree.Tree(tmp_path / "tree")


@pytest.fixture
def places(tmp_path):
    places = Places(tmp_path / "bench", tmp_path / "programs", server=None)
    yield places
    places.disk.remove()


class MadeArchive:
    """Stands for a Source that is there: an archive that tar and zip made."""

    failure = None

    def __init__(self, folder, subject, without=()):
        folder.mkdir()
        self.path = folder / "host+127.0.0.1+20260101T000000Z.zip"
        with zipfile.ZipFile(self.path, "w") as archive:
            for directory in subject.directories:
                name = str(directory.relative_to("/"))
                left_out = [f"--exclude={name}/{path}" for path in without]
                made = subprocess.run(["tar", "-C", "/", "--format=pax", *left_out, "-czf", "-", name],
                                      stdout=subprocess.PIPE, check=True)
                archive.writestr(f"{name}.tar.gz", made.stdout)
            archive.writestr("osbackup/RESTORE.txt",
                             RESTORE_TEXT.format(zip=self.path.name, entry=f"'{name}.tar.gz'"))

    @property
    def stored_bytes(self):
        return self.path.stat().st_size

    def files(self):
        return [self.path]


def run(contender):
    """As measuring.run_once(), without the clearing."""
    contender.prepare()
    contender.set_caches()
    contender.make()
    return contender.inspect()


BY_HAND = (restorers.UnzipAndTar, restorers.RestoreText, restorers.Bsdtar)


@pytest.mark.parametrize("kind", BY_HAND)
def test_an_archive_is_restored_by_hand_and_found_to_be_whole(kind, tmp_path, subject, places):
    contender = kind(places, subject, MadeArchive(tmp_path / "stored", subject))

    figures = run(contender)

    assert figures.keys() == {"to_disk_seconds"}
    comparison.compare_objects(subject.directories[0], contender.restored(subject.directories[0]))


@pytest.mark.parametrize("kind", BY_HAND)
def test_a_restore_that_lacks_a_file_has_failed(kind, tmp_path, subject, places):
    contender = kind(places, subject, MadeArchive(tmp_path / "stored", subject, without=["link"]))

    with pytest.raises(Failed, match=r"lib restore came back as Counts\(files=2, directories=2, links=0.* it was"):
        run(contender)


def test_only_the_first_restore_is_compared(tmp_path, subject, places):
    contender = restorers.UnzipAndTar(places, subject, MadeArchive(tmp_path / "stored", subject))
    run(contender)
    tree.remove_folder(contender.target)

    figures = contender.inspect()

    assert figures == {}


def test_a_restore_leaves_nothing_behind(tmp_path, subject, places):
    contender = restorers.UnzipAndTar(places, subject, MadeArchive(tmp_path / "stored", subject))
    run(contender)

    contender.clear()

    assert not list(places.folder.iterdir())


def test_the_disk_to_restore_to_is_new_each_time(places):
    counts = tree.Counts(files=100_000, content_bytes=10_000_000)
    for _ in range(2):
        places.disk.make(counts)
        assert not list(places.run.iterdir())
        (places.run / "old").write_text("old")

    status = os.statvfs(places.run)
    assert places.run.is_mount()
    assert status.f_favail >= counts.files
    assert status.f_bavail * status.f_frsize >= counts.content_bytes + counts.files * 4096


def test_a_disk_that_is_in_use_says_so_and_is_removed_later(places, monkeypatch):
    monkeypatch.setattr(target_disk, "UNMOUNT_SECONDS", 0)
    places.disk.make(tree.Counts(files=1))
    with open(places.run / "open", "w"), pytest.raises(Failed, match="umount ended with .*busy"):
        places.disk.remove()

    places.disk.remove()

    assert not places.run.exists()


class Unmakeable:
    name = "restic"

    def prepare(self):
        raise Failed("no room")


def test_without_a_backup_its_restores_fail_and_say_why(subject, places):
    source = Source(Unmakeable())
    source.make()

    with pytest.raises(Failed, match="nothing to restore from: no room"):
        restorers.ResticRestore(places, subject, source).prepare()


def copied(subject, tmp_path):
    """A directory of the tree, and a true copy of it to be spoiled."""
    source = subject.directories[0]
    subprocess.run(["cp", "-a", source, tmp_path / "copy"], check=True)
    # The directory's own line has its name.
    (tmp_path / "copy").rename(tmp_path / source.name)
    return source, tmp_path / source.name


def test_a_true_copy_has_no_differences(tmp_path, subject):
    source, copy = copied(subject, tmp_path)

    comparison.compare_counts(source, copy)
    comparison.compare_objects(source, copy)


def test_a_hard_link_that_came_back_as_a_file_is_found(tmp_path, subject):
    source, copy = copied(subject, tmp_path)
    (copy / "second").unlink()
    subprocess.run(["cp", "-p", copy / "below" / "first", copy / "second"], check=True)

    with pytest.raises(Failed, match="content_bytes=2000.*content_bytes=1000"):
        comparison.compare_counts(source, copy)


def spoil_content(copy):
    times = os.stat(copy / "second")
    (copy / "second").write_bytes(b"y" * 1000)
    os.utime(copy / "second", ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("spoil, path", [
    (spoil_content, "second"),
    (lambda copy: os.utime(copy / "second", ns=(1, 1_500_000_000_000_000_000)), "second"),
    (lambda copy: os.setxattr(copy / "second", "user.note", b"new"), "second"),
    (lambda copy: os.chmod(copy / "below", 0o700), "below"),
    (lambda copy: os.utime(copy, ns=(1, 1)), "lib restore"),
])
def test_a_difference_in_one_object_is_found_and_its_path_told(spoil, path, tmp_path, subject):
    source, copy = copied(subject, tmp_path)
    spoil(copy)

    with pytest.raises(Failed, match=f"lib restore came back with .* not as they were: .*was {path} .*came as {path} "):
        comparison.compare_objects(source, copy)


def test_the_files_to_get_back_are_the_median_of_etc_and_the_largest_of_at_most_a_mib_elsewhere(tmp_path):
    sizes = {"host/etc/a": 5, "host/etc/b": 30, "host/etc/c": 700, "host/etc/empty": 0, "tree/lib/small": 10,
             "tree/lib/mib": MIB, "tree/lib/more": MIB + 1, "tree/lib/linked": MIB}
    for name, size in sizes.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    os.link(tmp_path / "tree/lib/linked", tmp_path / "tree/lib/zz")
    configuration = tmp_path / "host" / "etc"

    chosen = one_file.choose(tree.Tree(tmp_path / "tree", also=[configuration]), configuration)

    assert [(one.path, one.content_bytes) for one in chosen] == [
        (str(configuration / "b"), 30), (str(tmp_path / "tree/lib/mib"), MIB)]


class Cat(one_file.Dumper):
    program = "cat"

    def command(self):
        return ("tail", "-c", str(self.wanted.content_bytes), self.source.path)


def test_the_bytes_that_a_program_reads_from_a_backup_are_counted(tmp_path, places):
    (tmp_path / "tree" / "lib").mkdir(parents=True)
    wanted = one_file.Wanted("one", "the file", str(tmp_path / "tree" / "lib" / "file"), 3000)
    Path(wanted.path).write_bytes(b"x" * 3000)
    subject = tree.Tree(tmp_path / "tree")
    archive = MadeArchive(tmp_path / "stored", subject)
    archive.path.write_bytes(b"y" * 5_000_000 + b"x" * 3000)

    figures = run(Cat(places, subject, archive, wanted))

    assert 3000 <= figures["read_bytes"] < 100_000
    assert figures["fresh_read_bytes"] == figures["read_bytes"]


def test_content_that_did_not_come_back_as_it_was_is_a_failure(tmp_path, places, subject):
    wanted = one_file.Wanted("one", "the file", str(subject.directories[0] / "second"), 1000)

    with pytest.raises(Failed, match="second did not come back as it was"):
        run(Cat(places, subject, MadeArchive(tmp_path / "stored", subject), wanted))


def test_reads_count_by_the_file_behind_the_descriptor():
    traces = ['read(3</etc/passwd>, ""..., 4096) = 1000\n'
              'read(4</store/a>, ""..., 4096) = 10\n'
              'pread64(5</store/b>, ""..., 4096, 77) = 200\n'
              'read(4</store/a>, 0x7ffe, 4096)         = -1 EINTR (Interrupted system call)\n',
              'mmap(NULL, 4000, PROT_READ, MAP_PRIVATE, 4</store/a>, 0) = 0x7f0000000000\n'
              'mmap(NULL, 8000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000\n'
              'sendfile(1</out>, 5</store/b>, NULL, 60000) = 50000\n'
              'read(4</store/a>, "", 4096) = 0\n']

    assert traffic.bytes_read(traces, ["/store/a", "/store/b"]) == 10 + 200 + 4000 + 50000


@pytest.mark.parametrize("said, figures", [
    ('{"message_type":"status","range_reads":1}\n'
     '{"message_type":"summary","bytes":7,"bytes_fetched":1572864,"range_reads":4,"logins":2,"exit_code":0}\n',
     {"fetched_bytes": 3 << 19, "range_reads": 4, "logins": 2}),
    ('a word\n{"message_type":"summary","bytes_fetched":77,"range_reads":3}\n',
     {"fetched_bytes": 77, "range_reads": 3}),
    ('[1]\n{"message_type":"error"}\n', {}),
])
def test_what_osbackup_says_that_it_fetched_is_understood(said, figures):
    assert traffic.told_by_osbackup(said) == figures


def test_the_servers_log_tells_logins_commands_and_bytes():
    lines = (
        'CONNECT: Client "127.0.0.1"',
        'FTP command: Client "127.0.0.1", "USER ftp"',
        '[ftp] FTP command: Client "127.0.0.1", "PASS <password>"',
        '[ftp] OK LOGIN: Client "127.0.0.1", anon password "bench"',
        '[ftp] FTP response: Client "127.0.0.1", "230 Login successful."',
        '[ftp] FTP command: Client "127.0.0.1", "RETR x.zip"',
        '[ftp] FAIL DOWNLOAD: Client "127.0.0.1", "/root/x, y.zip", 392 bytes, 7.1Kbyte/sec',
        '[ftp] FTP command: Client "127.0.0.1", "RETR x.zip"',
        '[ftp] OK DOWNLOAD: Client "127.0.0.1", "/root/x, y.zip", 20000 bytes, 1.1Kbyte/sec',
    )
    log = "".join(f"Thu Jan  1 00:00:00 2026 [pid 7] {line}\n" for line in lines)

    assert traffic.logged_by_server(log) == {
        "server_logins": 1, "requests": 4, "server_transfers": 2, "server_sent_bytes": 20392}


@pytest.fixture
def server(tmp_path):
    """An SFTP server whose folder only root may enter, with one file in it."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "archive").write_bytes(os.urandom(100_000))
    made = sftp_server.SftpServer(tmp_path / "sftp", root)
    made.start()
    yield made
    made.stop()


def fetch(server, target):
    subprocess.run(["sftp", "-q", "-b", "-", "-P", str(server.port), "-i", server.private_key,
                    "-o", f"UserKnownHostsFile={server.known_hosts}", f"{server.user}@127.0.0.1"],
                   input=f"get archive {target}\n", text=True, check=True, stdout=subprocess.PIPE)


def test_what_lies_in_a_folder_is_fetched_over_sftp_and_each_login_is_logged(tmp_path, server):
    fetch(server, tmp_path / "fetched")
    before = server.log_bytes()
    fetch(server, tmp_path / "fetched")

    assert (tmp_path / "fetched").read_bytes() == (server.root / "archive").read_bytes()
    assert traffic.logged_by_sshd(server.log_since(0)) == {"server_logins": 2}
    assert traffic.logged_by_sshd(server.log_since(before)) == {"server_logins": 1}


def test_what_goes_over_a_connection_is_counted_by_the_servers_port():
    traces = ['sendto(5<TCP:[127.0.0.1:40022->127.0.0.1:22]>, ""..., 52, MSG_NOSIGNAL, NULL, 0) = 52\n'
              'recvfrom(5<TCP:[127.0.0.1:40022->127.0.0.1:22]>, 0x7ffe, 1, MSG_PEEK|MSG_DONTWAIT, NULL, NULL) = 1\n'
              'recvfrom(5<TCP:[127.0.0.1:40022->127.0.0.1:22]>, ""..., 16384, 0, NULL, NULL) = 300\n'
              'recvfrom(5<TCP:[127.0.0.1:40022->127.0.0.1:22]>, 0x7ffe, 16384, 0, NULL, NULL) '
              '= -1 EAGAIN (Resource temporarily unavailable)\n',
              'sendto(6<TCP:[127.0.0.1:22->127.0.0.1:40022]>, ""..., 52, MSG_NOSIGNAL, NULL, 0) = 52\n'
              'write(1<TCP:[127.0.0.1:40024->127.0.0.1:22]>, ""..., 52) = 52\n'
              'read(1<TCP:[127.0.0.1:40024->127.0.0.1:22]>, ""..., 52) = 1000\n'
              'write(7</tmp/file>, ""..., 52) = 52\n']

    assert traffic.sent_over(traces, 22) == {"requests": 2, "server_sent_bytes": 1300}


@pytest.mark.parametrize("walls, row", [
    ({"osbackup-folder": 5.0, "restic": 30.0, "unzip": 11.0}, ["2.20", "reached"]),
    ({"osbackup-folder": 5.0, "restic": 9.0, "unzip": 11.0}, ["1.80", "**not reached**"]),
    ({"osbackup-folder": 5.0, "restic": 30.0}, ["not measured", ""]),
])
def test_a_whole_restore_is_held_against_the_faster_of_the_two(walls, row):
    found = {name: {"wall_seconds": wall} for name, wall in walls.items()}

    assert restore_table.whole_targets(found)[0][2:] == row


@pytest.mark.parametrize("other, rows", [
    ({"fetched_bytes": MIB, "range_reads": 5}, [["1.00", "reached"], ["5", "reached"]]),
    ({"fetched_bytes": 2 * MIB, "range_reads": 6}, [["2.00", "**not reached**"], ["6", "**not reached**"]]),
    ({}, [["not measured", ""], ["not measured", ""]]),
])
def test_every_file_has_to_reach_the_figures_of_one_file(other, rows):
    found = {"dump-ftp-etc": {"fetched_bytes": 1000, "range_reads": 3}, "dump-ftp-1-mib": other}

    assert [row[2:] for row in restore_table.one_file_targets(found, list(found))] == rows
