"""osbackup restore: what it brings back, what it tells of it, and what it refuses."""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import zipfile

import pytest

from support_host import Host
from support_restore import differences, found_in
from support_trouble import damage_content, slow

MIB = 1 << 20


@pytest.fixture
def host(programs, tmp_path, ftp_server):
    """A host that reports to nobody."""
    host = Host(programs, tmp_path / "host", ftp_server)
    source = host.source
    (source / "folder").mkdir(mode=0o750)
    (source / "folder" / "large").write_bytes(os.urandom(3 * MIB))
    os.link(source / "folder" / "large", source / "linked")
    os.symlink("folder/large", source / "link")
    (source / "a.conf").write_text("a")
    (source / "folder" / "b.conf").write_text("b")
    return host


@pytest.fixture
def archive(host):
    host.run("backup", expect=0)
    (archive,) = host.archives()
    return archive


@pytest.fixture
def target(tmp_path):
    return tmp_path / "target"


def restored(host, target):
    """Where the host's source is in the target."""
    return target / str(host.source)[1:]


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def summary_of(out):
    return [json.loads(line) for line in out.splitlines()][-1]


def test_a_whole_archive_comes_back_and_its_end_is_told(host, archive, target):
    source = found_in(host.folder, "source")

    _, out, _ = host.run("restore", "latest", "--target", str(target), expect=0)

    assert differences(source, found_in(restored(host, target).parent, "source")) == []
    assert out.startswith("restored 4 files, 2 directories and 2 links (3.0 MiB) from " + archive.name)


def test_it_is_told_as_json(host, archive, target):
    _, out, _ = host.run("restore", archive.name, "--target", str(target), "--json", expect=0)

    summary = summary_of(out)
    assert {key: summary[key] for key in ("message_type", "archive", "target", "complete", "dry_run", "exit_code")} == {
        "message_type": "summary", "archive": archive.name, "target": str(target), "complete": True, "dry_run": False,
        "exit_code": 0}
    assert (summary["files"], summary["symlinks"], summary["hardlinks"], summary["failed"]) == (4, 1, 1, 0)
    assert summary["content_bytes"] > 3 * MIB and summary["bytes_fetched"] > 3 * MIB


def test_parts_are_chosen_by_path_and_pattern(host, archive, target):
    host.run("restore", "latest", f"{host.source}/folder", "--target", str(target / "1"), expect=0)
    host.run("restore", "latest", "--include", "*.conf", "--exclude", "folder/b*", "--target", str(target / "2"),
             expect=0)

    assert files_in(restored(host, target / "1")) == ["folder/b.conf", "folder/large"]
    assert files_in(restored(host, target / "2")) == ["a.conf"]


def test_a_path_that_the_archive_does_not_have_is_named(host, archive, target):
    _, _, said = host.run("restore", "latest", "/etc/none", f"{host.source}/a.conf", "--target", str(target), expect=3)

    assert "warning: /etc/none: it is not in the archive" in said
    assert files_in(restored(host, target)) == ["a.conf"]


def test_a_pattern_that_nothing_matches_is_told(host, archive, target):
    for more in ((), ("--dry-run",)):
        _, out, said = host.run("restore", "latest", "--include", "*.zzz", "--target", str(target), *more, expect=0)

        assert "warning: nothing matches: no object of the archive is selected\n" in said
        assert "nothing" in out and not target.exists()
    host.run("restore", "latest", "--include", "*.zzz", "--target", str(target / "a" / "b"), expect=0)
    assert not target.exists(), "nor what was made above it"
    target.mkdir()
    host.run("restore", "latest", "--include", "*.zzz", "--target", str(target), expect=0)
    assert target.exists(), "what was there before stays"


def test_a_dry_run_that_selects_nothing_removes_nothing(host, target, ftp_server):
    host.configure("Archive", engine="commands")  # Without an index all of it is read.
    host.run("backup", expect=0)
    slow(ftp_server, MIB)

    restoring = host.start("restore", "latest", "--include", "*.zzz", "--target", str(target), "--dry-run")
    assert any(line.startswith("dry run: restoring ") for line in restoring.stderr)
    target.mkdir()

    assert restoring.wait(60) == 0
    assert target.is_dir()


def test_a_dry_run_tells_and_writes_nothing(host, archive, target):
    _, out, _ = host.run("restore", "latest", "--target", str(target), "--dry-run", expect=0)

    assert out.startswith("would restore 4 files, ")
    assert not target.exists()


def test_each_object_is_named_to_who_asks_for_every_step(host, archive, target):
    host.run("restore", "latest", f"{host.source}/a.conf", "--target", str(target), expect=0)
    parts = ("restore", "latest", f"{host.source}/a.conf", f"{host.source}/folder/b.conf", "--target", str(target))
    named = {f"replaced   {host.source}/a.conf", f"new        {host.source}/folder/b.conf"}

    _, out, said = host.run(*parts, "--dry-run", "-v", expect=0)
    assert named == set(out.splitlines()[:-1])
    assert f"dry run: restoring {archive.name} into {target}\n" in said
    _, out, _ = host.run(*parts, "--dry-run", expect=0)
    assert len(out.splitlines()) == 1, "not without -v"
    _, out, said = host.run(*parts, "-v", expect=0)
    assert named == set(out.splitlines()[:-1])
    assert said.startswith(f"restoring {archive.name} into {target}\n")


def test_each_object_is_told_as_json(host, archive, target):
    odd = host.source / os.fsdecode(b"\xff\n")
    odd.write_text("x")
    host.run("backup", expect=0)

    _, out, _ = host.run("restore", "latest", os.fspath(odd), f"{host.source}/link", "--target", str(target), "--json",
                         "-v", expect=0)

    objects = [line for line in map(json.loads, out.splitlines()) if line["message_type"] == "object"]
    assert sorted(objects, key=lambda line: line["type"]) == [
        {"message_type": "object", "action": "new", "type": "file",
         "path_b64": base64.b64encode(os.fsencode(odd)).decode()},
        {"message_type": "object", "action": "new", "type": "symlink", "path": f"{host.source}/link"}]


def test_a_list_of_objects_that_cannot_be_written_does_not_stop_a_restore(host, target):
    many = host.source / "many"
    many.mkdir()
    for number in range(1000):
        (many / f"{number:0100}").touch()
    host.run("backup", expect=0)

    with open("/dev/full", "w") as full:
        done = subprocess.run(host.command("restore", "latest", "--target", target, "-v"), stdin=subprocess.DEVNULL,
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)

    assert differences(found_in(host.folder, "source"), found_in(restored(host, target).parent, "source")) == []
    assert done.returncode != 0 and "osbackup: write to standard output: No space left on device\n" in done.stderr
    assert "warning" not in done.stderr and "when there is room" not in done.stderr


@pytest.mark.parametrize("words", [(), ("--json",), ("-v",)])
def test_an_end_that_cannot_be_told_is_not_a_good_one(host, archive, target, words):
    command = host.command("restore", "latest", f"{host.source}/a.conf", "--target", str(target), *words)

    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 13, done.stderr
    assert "write to standard output: No space left on device" in done.stderr
    unread, closed = os.pipe()
    os.close(unread)
    done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(closed)
    assert done.returncode == 128 + signal.SIGPIPE, done.stderr
    assert "standard output" not in done.stderr


def test_what_is_there_stays_or_is_replaced_as_told(host, archive, target):
    host.run("restore", "latest", "--target", str(target), expect=0)
    (restored(host, target) / "a.conf").write_text("another")

    _, out, _ = host.run("restore", "latest", "--target", str(target), "--overwrite", "never", expect=0)
    assert (restored(host, target) / "a.conf").read_text() == "another" and "kept as they were" in out
    _, out, _ = host.run("restore", "latest", "--target", str(target), "--overwrite", "if-changed", expect=0)
    assert (restored(host, target) / "a.conf").read_text() == "a" and " unchanged" in out


def test_an_archive_that_is_not_the_expected_one_is_not_restored(host, archive, target):
    digest = hashlib.sha256(zipfile.ZipFile(archive).read("osbackup/manifest.json")).hexdigest()

    _, _, said = host.run("restore", "latest", "--target", str(target), "--expect-sha256", "0" * 64, expect=6)
    assert f"{archive.name} is not the expected archive: the SHA-256 of its manifest is {digest}, not 000" in said
    assert not target.exists()
    host.run("restore", "latest", "--target", str(target), "--expect-sha256", digest.upper(), expect=0)


def test_the_servers_word_on_an_archive_is_heard(host, server, target):
    host.report_to(server)
    host.run("backup", expect=0)
    (archive,) = host.archives()

    _, _, said = host.run("restore", "latest", "--target", str(target), "-v", expect=0)

    assert f"the manifest of {archive.name} is the one that user agent reported to the server" in said


def test_the_archive_of_another_host_is_put_in_place_only_when_it_is_named(host, archive):
    other = archive.with_name("other+192.0.2.8+20210101T000000Z.zip")
    shutil.copy(archive, other)
    shutil.chown(other, "ftp")

    _, _, said = host.run("restore", other.name, "--target", "/", "--dry-run", expect=2)
    assert f"{other.name} is of the host other, and this is testhost: " in said and "add --host other" in said
    host.run("restore", other.name, "--target", "/", "--dry-run", "--host", "other", expect=0)
    host.run("restore", "latest", "--target", "/", expect=0)


def test_damage_ends_a_restore_unless_it_is_to_go_on(host, archive, target):
    damage_content(archive, host.source / "folder" / "large")

    _, out, said = host.run("restore", "latest", "--target", str(target / "1"), expect=6)
    assert "folder/large: " in said and "; --keep-going gets out what can be had" in said
    assert out.rstrip().endswith("it is NOT complete")
    assert not list((target / "1").rglob("large*"))

    _, out, said = host.run("restore", "latest", "--target", str(target / "2"), "--keep-going", expect=6)
    assert "folder/large: " in said and " damaged" in out
    assert files_in(restored(host, target / "2")) == ["a.conf", "folder/b.conf", "folder/large.damaged", "hello.txt",
                                                      "link"]


def test_the_rest_of_a_damaged_file_is_kept_beside_its_name(host, archive, target):
    damage_content(archive, host.source / "folder" / "large")
    large = (host.source / "folder" / "large").read_bytes()

    _, out, _ = host.run("restore", "latest", "--target", str(target / "1"), "--keep-going", "--json", expect=6)

    kept = (restored(host, target / "1") / "folder" / "large.damaged").read_bytes()
    lost = [byte for byte in range(len(large)) if kept[byte] != large[byte]]
    assert len(kept) == len(large) and 0 < lost[-1] - lost[0] < MIB
    assert set(kept[lost[0]:lost[-1] + 1]) == {0}
    assert " on, are lost; the rest is kept as " in out
    assert (summary_of(out)["kept_in_part"], summary_of(out)["files"]) == (1, 3)
    assert not (restored(host, target / "1") / "folder" / "large").exists()
    assert not (restored(host, target / "1") / "linked").exists(), "nothing has the content that it links to"


def all_files(host, target):
    return {path: (restored(host, target) / path).read_bytes() for path in files_in(restored(host, target))
            if not (restored(host, target) / path).is_symlink()}


@pytest.mark.parametrize("entry", ["osbackup/index.jsonl.gz", "osbackup/blocks.jsonl.gz", "osbackup/manifest.json",
                                   "end"])
def test_an_archive_whose_end_is_damaged_gives_all_files_when_told_to_go_on(host, archive, target, entry):
    host.run("restore", "latest", "--target", str(target / "1"), expect=0)
    raw = bytearray(archive.read_bytes())
    if entry == "end":
        del raw[-1000:]
    else:
        info = zipfile.ZipFile(archive).getinfo(entry)
        raw[info.header_offset + 30 + len(entry) + 40] ^= 1
    archive.write_bytes(raw)

    _, _, said = host.run("restore", "latest", "--target", str(target / "2"), expect=6)
    assert "; --keep-going gets out what can be had" in said
    _, out, said = host.run("restore", "latest", "--target", str(target / "3"), "--keep-going", expect=6)

    assert "the index cannot be gone by" in said
    assert all_files(host, target / "3") == all_files(host, target / "1")


def test_an_archive_that_is_cut_off_gives_what_is_left_when_told_to_go_on(host, archive, target):
    entry = next(info for info in zipfile.ZipFile(archive).infolist() if info.filename.endswith(".tar.gz"))
    os.truncate(archive, entry.header_offset + entry.file_size // 2)

    host.run("restore", "latest", "--target", str(target), "--keep-going", expect=6)

    assert files_in(restored(host, target)) == ["a.conf", "folder/b.conf", "folder/large.damaged"]


def test_an_archive_whose_manifest_cannot_be_read_is_not_the_expected_one(host, archive, server, target):
    digest = hashlib.sha256(zipfile.ZipFile(archive).read("osbackup/manifest.json")).hexdigest()
    os.truncate(archive, archive.stat().st_size - 1)

    _, _, said = host.run("restore", "latest", "--target", str(target), "--keep-going", "--expect-sha256", digest,
                          expect=6)
    assert "has no manifest whose digest could be compared" in said
    assert not target.exists()
    host.report_to(server)
    _, _, said = host.run("restore", "latest", "--target", str(target), "--keep-going", expect=6)
    assert "its manifest cannot be read: nobody's word tells whether" in said


def test_a_target_that_cannot_be_one_has_its_exit_code(host, archive, tmp_path):
    (tmp_path / "file").write_text("")

    _, _, said = host.run("restore", "latest", "--target", str(tmp_path / "file"), expect=2)
    assert "is a file" in said
    host.run("restore", "latest", expect=2)
    host.run("restore", "20200101", "--target", str(tmp_path / "target"), expect=10)
    assert not (tmp_path / "target").exists()


def test_an_ordinary_user_is_told_once_what_he_cannot_set(host, archive, target):
    own = host.ftp_server.folder / "own.conf"  # Below pytest's folder only root may look.
    shutil.copy(host.configuration, own)
    shutil.chown(own, "nobody", "nogroup")
    folder = host.ftp_server.folder / "own"
    folder.mkdir()
    shutil.chown(folder, "nobody", "nogroup")
    command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", host.program, "restore", "latest"]

    done = subprocess.run([*command, "--target", folder, "--config", own], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the owner cannot be set") == 1 and "owner not set of " in done.stdout
    assert files_in(folder / str(host.source)[1:]) == files_in(host.source)


def test_an_archive_without_an_index_is_restored(host, target):
    host.configure("Archive", engine="commands")
    host.run("backup", expect=0)
    source = found_in(host.folder, "source")

    _, _, said = host.run("restore", "latest", "--target", str(target), expect=0)

    assert " has no index: its tars are gone through in sequence" in said
    assert differences(source, found_in(restored(host, target).parent, "source")) == []


def test_a_signal_ends_a_restore_which_tells_what_it_did(host, archive, target, ftp_server):
    slow(ftp_server, MIB // 2)
    restoring = host.start("restore", "latest", "--target", str(target), "--json")
    while json.loads(restoring.stdout.readline()).get("stage") != "reading":
        pass

    restoring.send_signal(signal.SIGTERM)
    out, _ = restoring.communicate(timeout=60)

    assert restoring.returncode == 128 + signal.SIGTERM
    summary = summary_of(out)
    assert (summary["message_type"], summary["complete"], summary["exit_code"]) == ("summary", False, 143)
    assert not [path for path in target.rglob(".osbackup*")]
