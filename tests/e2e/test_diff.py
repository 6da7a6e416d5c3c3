"""diff: what changed between two archives, and between an archive and the host's disks."""

import base64
import json
import os
import shutil
import stat
import subprocess

import pytest

from support_host import Host
from support_tree import RandomTree

SEEDS = (1, 2)
OTHER_TIME = 1_500_000_000


@pytest.fixture
def host(programs, tmp_path, ftp_server):
    """A host that reports to nobody."""
    return Host(programs, tmp_path / "host", ftp_server)


def back_up(host):
    host.run("backup", expect=0)
    return host.archives()[-1].name


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def grow(source):
    """A file or the like for each thing that can become of it."""
    for name in ("content", "size", "touched", "mode", "owner", "attribute", "flags", "removed", "renamed", "type",
                 "same", "first"):
        write(source / name, f"{name}: old")
    write(source / "gone" / "below", "x")
    os.link(source / "first", source / "second")
    os.symlink("old", source / "link")
    os.mknod(source / "device", stat.S_IFCHR | 0o600, os.makedev(1, 3))


def change(source):
    """Each of them becomes what its name says. Gives what a comparison says of them."""
    time = os.stat(source)
    kept = os.stat(source / "content")
    write(source / "content", "content: new")
    os.utime(source / "content", (OTHER_TIME, OTHER_TIME))
    write(source / "size", "much longer than it was")
    os.utime(source / "size", ns=(kept.st_atime_ns, os.stat(source / "size").st_mtime_ns))
    os.utime(source / "touched", (OTHER_TIME, OTHER_TIME))
    os.chmod(source / "mode", 0o4711)
    os.chown(source / "owner", 1234, 5678)
    os.setxattr(source / "attribute", "user.note", b"x")
    subprocess.run(["chattr", "+d", source / "flags"], check=True)
    os.remove(source / "removed")
    os.rename(source / "renamed", source / "new name")
    os.remove(source / "type")
    os.symlink("same", source / "type")
    shutil.rmtree(source / "gone")
    # The other name has the content from now on.
    os.rename(source / "first", source / "third")
    os.remove(source / "link")
    os.symlink("new", source / "link")
    os.remove(source / "device")
    os.mknod(source / "device", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    os.utime(source, ns=(time.st_atime_ns, time.st_mtime_ns))
    return {
        "content": ("M", {"content", "mtime"}), "size": ("M", {"content", "size", "mtime"}),
        "touched": ("U", {"mtime"}), "mode": ("U", {"mode"}), "owner": ("U", {"uid", "gid"}),
        "attribute": ("U", {"xattrs"}), "flags": ("U", {"flags"}), "removed": ("-", set()), "renamed": ("-", set()),
        "new name": ("+", set()), "type": ("T", {"type", "mode", "mtime"}), "gone": ("-", set()),
        "gone/below": ("-", set()), "first": ("-", set()), "third": ("+", set()),
        "link": ("M", {"target", "mtime"}), "device": ("M", {"rdev", "mtime"}),
    }


def diff(host, *arguments, expect=0):
    """The changes by path below the source, and the summary."""
    _, out, _ = host.run("diff", *arguments, "--json", expect=expect)
    objects = [json.loads(line) for line in out.splitlines()]
    changes = {}
    prefix = os.fsencode(host.source)[1:]
    for found in objects:
        if found["message_type"] != "change":
            continue
        path = base64.b64decode(found["path_b64"]) if "path_b64" in found else found["path"].encode()
        assert path == prefix or path.startswith(prefix + b"/")
        changes[os.fsdecode(path[len(prefix) + 1:])] = (found["change"], set(found["fields"]))
    assert objects[-1]["message_type"] == "summary"
    return changes, objects[-1]


def test_two_archives_differ_in_what_was_changed(host):
    grow(host.source)
    before = back_up(host)
    expected = change(host.source)
    after = back_up(host)

    changes, summary = diff(host, before, after)

    assert changes == expected
    assert (summary["added"], summary["removed"], summary["changed"]) == (2, 5, 4)
    assert (summary["metadata_changed"], summary["type_changed"]) == (5, 1)
    # What was taken away came the other way round.
    turned, _ = diff(host, after, before)
    swap = {"+": "-", "-": "+"}
    assert turned == {path: (swap.get(letter, letter), fields) for path, (letter, fields) in expected.items()}


def test_an_archive_differs_from_the_disks_in_what_was_changed(host):
    grow(host.source)
    back_up(host)
    assert diff(host, "latest", "--live")[0] == {}

    expected = change(host.source)

    assert diff(host, "latest", "--live")[0] == expected


def test_changes_are_lines_for_people(host):
    write(host.source / "a", "old")
    before = back_up(host)
    kept = os.stat(host.source)
    write(host.source / "a", "newer")
    write(host.source / "b\nc", "x")
    os.utime(host.source, ns=(kept.st_atime_ns, kept.st_mtime_ns))

    _, out, said = host.run("diff", before, "--live", expect=0)
    assert out.splitlines() == [f"M  {host.source}/a", f"+  {host.source}/b\\nc", "1 added, 1 changed"]
    assert f"from {before} to what is on the disks now" in said
    _, out, said = host.run("diff", before, "--live", "-v", expect=0)
    assert out.splitlines()[0] == f"M  {host.source}/a  (content, size, mtime)"
    assert "fetched" in said
    _, out, _ = host.run("diff", before, before, expect=0)
    assert out == "no differences\n"


def test_paths_say_what_is_compared(host):
    for name in ("a/x", "b/x", "c/x"):
        write(host.source / name, "old")
    before = back_up(host)
    for name in ("a/x", "b/x", "c/x"):
        write(host.source / name, "newer")
    after = back_up(host)
    paths = [f"{host.source}/a", f"{host.source}/c/x/"]

    assert set(diff(host, before, after, *paths)[0]) == {"a/x", "c/x"}
    assert set(diff(host, before, "--live", *paths)[0]) == {"a/x", "c/x"}
    code, _, said = host.run("diff", before, after, f"{host.source}/a", "/nowhere")
    assert code == 3
    assert "nowhere: there is no such path" in said


def test_a_file_that_was_changed_and_dated_back_is_found_by_its_data_alone(host):
    file = host.source / "file"
    write(file, "old")
    kept = os.stat(file)
    back_up(host)
    write(file, "new")
    os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))

    assert diff(host, "latest", "--live")[0] == {}
    assert diff(host, "latest", "--live", "--read-data")[0] == {"file": ("M", {"content"})}


def test_what_the_configuration_leaves_out_is_not_removed(host):
    write(host.source / "cache" / "x", "x")
    write(host.source / "gone.tmp", "x")
    write(host.source / "left.tmp", "x")
    back_up(host)
    host.configure("BackupDirs", exclude="*.tmp, cache")
    kept = os.stat(host.source)
    os.remove(host.source / "gone.tmp")
    os.utime(host.source, ns=(kept.st_atime_ns, kept.st_mtime_ns))

    changes, summary = diff(host, "latest", "--live")

    assert changes == {}
    assert summary["passed_over"] == 4


def test_a_directory_that_is_configured_no_more_is_compared_all_the_same(host):
    write(host.source / "a", "old")
    back_up(host)
    write(host.source / "a", "newer")
    host.drop("BackupDirs")

    assert diff(host, "latest", "--live")[0]["a"][0] == "M"


def test_a_directory_that_is_a_link_is_compared_where_it_leads(host):
    write(host.source / "real" / "a", "old")
    os.symlink("real", host.source / "link")
    write(host.source / "other" / "b", "old")
    host.configure("BackupDirs", directory=f"{host.source}/link,{host.source}/other")
    before = back_up(host)
    write(host.source / "real" / "a", "newer")
    host.configure("BackupDirs", directory=host.source)
    after = back_up(host)

    changes, _ = diff(host, before, after)
    assert {path: letter for path, (letter, _) in changes.items()} == {"": "+", "hello.txt": "+", "real/a": "M"}
    assert diff(host, before, "--live")[0] == {"real/a": changes["real/a"]}


def test_what_an_ordinary_user_cannot_read_is_not_removed(programs, ftp_server):
    host = Host(programs, ftp_server.folder / "host", ftp_server)  # Below pytest's folder only root may look.
    write(host.source / "locked" / "x", "x")
    write(host.source / "secret", "x")
    before = back_up(host)
    (host.source / "locked").chmod(0o700)
    (host.source / "secret").chmod(0o600)
    configuration = host.folder / "ordinary.conf"
    configuration.write_bytes(host.configuration.read_bytes())
    os.chown(configuration, 65534, 65534)
    configuration.chmod(0o600)

    done = subprocess.run([host.program, "diff", before, "--live", "--config", configuration], user=65534, group=65534,
                          extra_groups=[], capture_output=True, text=True, timeout=300)

    assert done.returncode == 3, done.stderr
    assert "-  " not in done.stdout
    assert f"{host.source}/locked: the directory cannot be read: Permission denied" in done.stderr
    assert f"{host.source}/secret: cannot be opened: Permission denied" in done.stderr


def test_an_archive_without_an_index_is_compared_too(host):
    grow(host.source)
    host.configure("Archive", engine="commands")
    before = back_up(host)
    host.configure("Archive", engine="native")
    native = back_up(host)
    assert diff(host, before, native)[0] == {}
    assert diff(host, before, "--live")[0] == {}

    expected = change(host.source)
    del expected["flags"]  # A tar knows none.
    host.configure("Archive", engine="commands")
    after = back_up(host)

    assert diff(host, before, after)[0] == expected
    assert diff(host, native, after)[0] == expected
    assert diff(host, before, "--live")[0] == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_tree_is_the_same_until_it_is_touched(host, seed):
    print("seed", seed)
    tree = RandomTree(host.source, seed)
    back_up(host)
    assert diff(host, "latest", "--live", "--read-data")[0] == {}

    touched = tree.chance.sample([path for path in tree.others if not os.path.islink(path)], 5)
    for path in touched:
        os.utime(path, (OTHER_TIME, OTHER_TIME))
    inodes = {os.lstat(path).st_ino for path in touched}
    names = {os.fsdecode(path[len(tree.root) + 1:]) for path in tree.others if os.lstat(path).st_ino in inodes}

    assert diff(host, "latest", "--live")[0] == {name: ("U", {"mtime"}) for name in names}


def test_no_such_archive_is_told_by_the_exit_code(host):
    back_up(host)

    assert host.run("diff", "latest", "19990101")[0] == 10
    assert host.run("diff", "latest")[0] == 2
