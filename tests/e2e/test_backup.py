"""osbackup backup, when everything works: what arrives at the FTP server, the server, the log and the mailbox."""

import hashlib
import json
import os
import re
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

# The entries behind the data, by engine.
ABOUT_THE_ARCHIVE = {
    "native": ["osbackup/index.jsonl.gz", "osbackup/blocks.jsonl.gz", "osbackup/warnings.jsonl.gz",
               "osbackup/RESTORE.txt", "osbackup/manifest.json"],
    "commands": ["osbackup/RESTORE.txt"],
}


def entry_of(directory):
    return str(directory).lstrip("/") + ".tar.gz"


def restored(archive, directory, into):
    """Unpacks one directory as docs/format.md says, with unzip and tar alone."""
    into.mkdir()
    subprocess.run(
        f"unzip -p '{archive}' '{entry_of(directory)}' | tar -xpzf - -C '{into}' --numeric-owner --xattrs --acls",
        shell=True, check=True, executable="/bin/bash",
    )
    return into / str(directory).lstrip("/")


def test_a_backup_is_published_recorded_and_mailed(host, server, smtp_receiver):
    _, out, _ = host.run("backup", expect=0)

    (archive,) = host.archives()
    assert re.fullmatch(r"testhost\+192\.0\.2\.7\+\d{8}T\d{6}Z\.zip", archive.name)
    assert host.stored() == [archive]
    assert host.last() == archive.name
    assert out.startswith(f"published {archive.name}: ") and "read back and verified" in out

    assert server.count_of("192.0.2.7") == 1
    (row,) = server.reports()
    assert (row["ip"], row["hostname"], row["backup_state"], row["is_ok"]) == ("192.0.2.7", "testhost", 1, 1)
    assert row["backupfilename"] == archive.name
    assert row["file_bytes"] == archive.stat().st_size
    assert row["file_size"] == "1MB"
    assert row["dirs"] == str(host.source)
    assert row["verified"] == 1
    assert row["sha256"] == subprocess.check_output(["sha256sum", archive], text=True).split()[0]
    manifest = zipfile.ZipFile(archive).read("osbackup/manifest.json")
    assert row["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()

    (mail,) = smtp_receiver.messages()
    assert mail["recipients"] == ["backup@example.com"]
    assert "Subject: [osbackup] testhost: backup complete" in mail["content"]
    assert archive.name in mail["content"]


@pytest.mark.parametrize("engine", ["native", "commands"])
def test_every_directory_comes_back_with_unzip_and_tar(host, tmp_path, engine):
    host.configure("Archive", engine=engine)
    other = host.folder / "other"
    other.mkdir()
    (other / "deep").mkdir()
    (other / "deep" / "file").write_text("x" * 100_000)
    os.symlink("file", other / "deep" / "link")
    (host.source / "hello.txt").chmod(0o4711)
    host.configure("BackupDirs", directory=f"{host.source},{other}")

    host.run("backup", expect=0)

    (archive,) = host.archives()
    names = zipfile.ZipFile(archive).namelist()
    assert names == [entry_of(other), entry_of(host.source), *ABOUT_THE_ARCHIVE[engine]]
    back = restored(archive, host.source, tmp_path / "back")
    assert (back / "hello.txt").read_text() == "hello\n"
    assert stat.S_IMODE((back / "hello.txt").stat().st_mode) == 0o4711
    subprocess.run(["diff", "-r", other, restored(archive, other, tmp_path / "back2")], check=True)


@pytest.mark.parametrize("engine", ["native", "commands"])
def test_the_commands_in_restore_txt_work(host, tmp_path, engine):
    host.configure("Archive", engine=engine)
    host.run("backup", expect=0)
    (archive,) = host.archives()

    text = zipfile.ZipFile(archive).read("osbackup/RESTORE.txt").decode()
    script = "".join(line[2:] + "\n" for line in text.split("Bring everything back")[1].splitlines()
                     if line.startswith("  "))
    script = script.replace("/restore", str(tmp_path / "restore"))
    subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], cwd=archive.parent, check=True)

    assert (tmp_path / "restore" / str(host.source).lstrip("/") / "hello.txt").read_text() == "hello\n"


@pytest.mark.parametrize("engine", ["native", "commands"])
def test_names_of_any_bytes_are_backed_up(host, tmp_path, engine):
    host.configure("Archive", engine=engine)
    names = [b"with space", b"new\nline", b"quote'\"", b"--checkpoint=1", b"-T", b"\xff\xfe", b"*[x]?", b"\\n", b"\x01"]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(host.source), name))).write_bytes(name)

    host.run("backup", expect=0)

    (archive,) = host.archives()
    back = os.fsencode(restored(archive, host.source, tmp_path / "back"))
    assert sorted(os.listdir(back)) == sorted(names + [b"hello.txt"])
    for name in names:
        assert Path(os.fsdecode(os.path.join(back, name))).read_bytes() == name


def test_the_log_has_one_line_an_event_and_is_roots_alone(host):
    host.run("backup", expect=0, env={"TZ": "Asia/Shanghai"})

    log = host.log / "backup.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(host.log.stat().st_mode) == 0o700
    lines = host.log_text().splitlines()
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00 (info|warning|error) \S", line), line
    assert "begins: osbackup" in lines[0]
    assert lines[-1].endswith("exit code 0")


def test_no_password_is_told_to_anybody(host):
    _, out, err = host.run("backup", "-v", expect=0)

    told = out + err + host.log_text() + "".join(
        file.read_text(errors="replace") for file in host.state.rglob("*") if file.is_file())
    for secret in (host.sections["Ftp"]["password"], host.sections["API"]["password"]):
        assert secret not in told


def test_json_is_one_object_a_line(host):
    os.symlink(host.source, host.folder / "not-a-socket")
    host.configure("BackupDirs", directory=f"{host.source},/nonexistent")

    _, out, _ = host.run("backup", "--json", expect=0)

    objects = [json.loads(line) for line in out.splitlines()]
    assert {"message_type": "warning", "kind": "trouble", "path": "/nonexistent",
            "reason": "there is no such directory on this host, left out"} in objects
    summary = objects[-1]
    assert summary["message_type"] == "summary"
    assert summary["published"] is True and summary["exit_code"] == 0
    assert summary["archive"] == host.last()


def test_quiet_says_nothing_when_all_is_well(host):
    _, out, err = host.run("backup", "--quiet", expect=0)

    assert (out, err) == ("", "")


def test_ftpdir_may_be_nested_and_hold_the_hostname(host):
    host.configure("Ftp", ftpdir="fleet/{hostname}/weekly")

    host.run("backup", expect=0)

    directory = host.ftp_server.root / "fleet" / "testhost" / "weekly"
    assert [file.name for file in directory.iterdir()] == [host.last()]


def test_a_second_run_adds_an_archive_and_counts_again(host, server):
    host.run("backup", expect=0)
    host.run("backup", expect=0)

    assert len(host.archives()) == 2
    assert server.count_of("192.0.2.7") == 2
    assert len(server.reports()) == 2


def test_a_folder_can_be_the_destination(host, tmp_path):
    host.drop("Ftp")
    host.configure("Storage", url=f"file://{tmp_path}/kept")

    host.run("backup", expect=0)

    assert [file.name for file in (tmp_path / "kept").iterdir()] == [host.last()]


def test_the_work_directory_is_empty_and_private_afterwards(host):
    host.run("backup", expect=0, env={"TMPDIR": str(host.folder)})

    assert stat.S_IMODE(host.work.stat().st_mode) == 0o700
    assert list(host.work.iterdir()) == []


def test_help_and_version_need_nothing(host):
    for arguments, text in ((["--help"], "backup"), (["--version"], "osbackup 0."), (["backup", "--help"], "--json")):
        done = subprocess.run([host.program, *arguments], capture_output=True, text=True)
        assert done.returncode == 0 and text in done.stdout
