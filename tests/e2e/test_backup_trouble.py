"""osbackup backup, when something is wrong: what is said, which exit code, and that nothing is lost."""

import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from support_server import eventually
from support_trouble import add_random_file, replace_program, slow


# --- before the run begins


def test_who_is_not_root_is_told_so_and_the_system_log_too(host, programs):
    # A copy where everybody may go: the checkout may lie below /root.
    folder = Path(tempfile.mkdtemp(prefix="osbackup-not-root-"))
    try:
        folder.chmod(0o755)
        program = shutil.copy(programs / "osbackup", folder)
        done = subprocess.run(["strace", "-f", "-o", folder / "trace", "-e", "trace=connect,socket", "-u", "nobody",
                               program, "backup"], capture_output=True, text=True,
                              # Under strace the leak check, which is part of some builds, cannot work.
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        trace = (folder / "trace").read_text()
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 1
    assert done.stderr == "osbackup: osbackup backup must run as root: the directories can be read by root alone\n"
    assert "/dev/log" in trace
    assert not host.log.exists()


@pytest.mark.parametrize("change, expected", [
    (lambda host: host.configuration.unlink(), "osbackup.conf: there is no such configuration file"),
    (lambda host: host.configuration.chmod(0o644), "has mode 0644 and holds passwords, expected 0600"),
    (lambda host: host.configure("Ftp", prot=1), "osbackup.conf:9: [Ftp] has no key prot; expected one of"),
    (lambda host: host.configure("Ftp", port="21x"),
     "osbackup.conf:3: port = 21x: expected a whole number from 1 to 65535"),
    (lambda host: host.configure("Ftp", host="192.0.2.1:21"),
     "osbackup.conf:2: host = 192.0.2.1:21: expected a host name or an address, without a port or a path"),
    (lambda host: host.configure("Mail", switch="on  for important hosts"),
     "switch = on  for important hosts: expected on or off (a note after a value begins with ;)"),
    (lambda host: host.drop("BackupDirs"),
     "the section [BackupDirs] with directory = /etc,/home (and so on) is missing"),
    (lambda host: host.configure("Ftb", x=1), "there is no section [Ftb]; expected one of [Ftp], [Storage], [API]"),
    (lambda host: host.configure("BackupDirs", directory="/var,/var/log"), "/var/log lies inside /var"),
], ids=["missing", "world-readable", "unknown key", "bad number", "a port in the host", "a note after the value",
        "no directories", "unknown section", "overlap"])
def test_a_bad_configuration_ends_with_2_and_says_what_was_expected(host, change, expected):
    change(host)

    _, out, err = host.run("backup", expect=2)

    assert expected in err and out == ""


def test_a_bad_command_line_ends_with_2(host):
    for arguments, help_ in ((["frobnicate"], "osbackup --help"), ([], "osbackup --help"),
                             (["backup", "--frobnicate"], "osbackup backup --help")):
        done = subprocess.run([host.program, *arguments], capture_output=True, text=True)
        assert done.returncode == 2 and f"Run {help_} " in done.stderr


def test_one_run_at_a_time(host, ftp_server):
    slow(ftp_server, 1_000_000)
    add_random_file(host, 20)
    first = host.start("backup")
    eventually(lambda: host.stored(), "the upload begins")

    _, _, err = host.run("backup", expect=11)

    assert f"another run (process {first.pid}) is at work" in err
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 128 + signal.SIGTERM
    first.communicate()


# --- what is backed up


def test_a_missing_directory_is_a_warning(host):
    host.configure("BackupDirs", directory=f"{host.source},/nonexistent")

    _, _, err = host.run("backup", expect=0)

    assert "warning: /nonexistent: there is no such directory on this host, left out" in err
    assert len(host.archives()) == 1


def test_when_no_directory_exists_the_backup_failed_and_is_reported(host, server):
    host.configure("BackupDirs", directory="/nonexistent,/neither")

    _, _, err = host.run("backup", expect=1)

    assert "none of the directories in [BackupDirs] exists on this host: /neither,/nonexistent" in err
    assert host.archives() == []
    (row,) = server.reports()
    assert (row["backup_state"], row["is_ok"], row["backupfilename"]) == (0, 0, "")
    assert "none of the directories" in row["error"]
    assert server.count_of("192.0.2.7") == 0


def test_files_that_are_missing_from_the_archive_end_with_3(host, server, smtp_receiver):
    host.configure("Archive", engine="commands")
    name = str(host.source / "gone").lstrip("/")
    environment = replace_program(host, "tar", (
        'case "$*" in *--help*) exec /usr/bin/tar --help;; esac\n/usr/bin/tar "$@"\n'
        f"echo 'tar: {name}: Cannot open: Permission denied' >&2\n"
        "echo 'tar: Exiting with failure status due to previous errors' >&2\nexit 2\n"))

    _, out, err = host.run("backup", expect=3, env=environment)

    assert f"warning: /{name}: Cannot open: Permission denied" in err
    assert "1 file is missing from it" in out
    assert f"warning /{name}: Cannot open: Permission denied" in host.log_text()
    (row,) = server.reports()
    assert (row["backup_state"], row["is_ok"], row["warnings"]) == (1, 1, 1)
    assert "complete, but 1 file is missing" in smtp_receiver.messages()[0]["content"]


def test_a_file_that_changed_is_counted_and_no_error(host, server):
    host.configure("Archive", engine="commands")
    name = str(host.source / "hello.txt").lstrip("/")
    environment = replace_program(host, "tar", (
        'case "$*" in *--help*) exec /usr/bin/tar --help;; esac\n/usr/bin/tar "$@"\n'
        f"echo 'tar: {name}: file changed as we read it' >&2\nexit 1\n"))

    host.run("backup", expect=0, env=environment)

    assert server.reports()[0]["changed_files"] == 1


def test_a_tar_that_fails_fails_the_backup(host, server):
    host.configure("Archive", engine="commands")
    environment = replace_program(host, "tar", (
        'case "$*" in *--help*) exec /usr/bin/tar --help;; esac\n'
        "cat > /dev/null; echo 'tar: Error is not recoverable: exiting now' >&2; exit 2\n"))

    _, _, err = host.run("backup", expect=1, env=environment)

    assert "with tar: exit code 2: tar: Error is not recoverable: exiting now" in err
    assert server.reports()[0]["backup_state"] == 0
    assert list(host.work.iterdir()) == []


@pytest.mark.parametrize("engine", ["native", "commands"])
def test_a_host_without_space_ends_with_13(host, server, engine):
    host.configure("Archive", engine=engine)
    add_random_file(host, 3)
    host.work.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", host.work], check=True)
    try:
        _, _, err = host.run("backup", expect=13)
        assert list(host.work.iterdir()) == []
    finally:
        subprocess.run(["umount", host.work], check=True)

    assert "No space left on device" in err
    if engine == "native":
        assert re.search(r"when the archive had reached [\d.]+ \w+: .*\[Run\] workdir .*spool = memory", err), err
    assert host.stored() == [] and host.last() is None
    assert server.reports()[0]["backup_state"] == 0


def test_a_link_in_place_of_the_work_directory_is_never_used(host, server):
    trap = host.folder / "trap"
    trap.mkdir()
    os.symlink(trap, host.work)

    _, _, err = host.run("backup", expect=0)

    assert "SECURITY" in err and "SECURITY" in host.log_text()
    assert list(trap.iterdir()) == []
    assert "SECURITY" in server.reports()[0]["error"]
    assert not host.work.is_symlink() and stat.S_IMODE(host.work.stat().st_mode) == 0o700
    assert len(list(host.folder.glob("work.not-ours-*"))) == 1


def test_what_else_lies_in_the_work_directory_is_never_touched(host):
    host.work.mkdir(mode=0o755)
    (host.work / "documents").mkdir()
    (host.work / "documents" / "precious").write_text("x")

    host.run("backup", expect=0)

    assert [file.name for file in host.work.iterdir()] == ["documents"]
    assert (host.work / "documents" / "precious").read_text() == "x"
    assert stat.S_IMODE(host.work.stat().st_mode) == 0o755


def test_somebody_elses_work_directory_is_never_used(host):
    host.work.mkdir(mode=0o777)
    os.chown(host.work, 65534, 65534)
    (host.work / "planted").write_text("x")

    host.run("backup", expect=0)

    assert host.work.stat().st_uid == 0
    (aside,) = host.folder.glob("work.not-ours-*")
    assert (aside / "planted").exists()


# --- the FTP server


def test_what_cannot_be_sent_is_kept_reported_and_sent_by_the_next_run(host, ftp_server, server):
    ftp_server.stop()
    _, _, err = host.run("backup", expect=4)
    assert "the archive is kept in" in err
    (kept,) = (host.state / "pending").glob("*.zip")
    assert host.last() is None
    (row,) = server.reports()
    assert (row["backup_state"], row["is_ok"], row["attempt"]) == (1, 0, 0)
    assert row["error"]
    assert server.count_of("192.0.2.7") == 0

    ftp_server.start()
    host.run("backup", expect=0)

    names = [file.name for file in host.archives()]
    assert len(names) == 2 and names[0] == kept.name
    assert list((host.state / "pending").iterdir()) == []
    first, second = sorted(server.reports(), key=lambda row: row["backup_time"] + row["run_id"] * 0)
    by_name = {row["backupfilename"]: row for row in (first, second)}
    assert (by_name[kept.name]["is_ok"], by_name[kept.name]["attempt"]) == (1, 1)
    assert server.count_of("192.0.2.7") == 2
    assert host.last() == names[1]


def test_a_refused_login_ends_with_12_and_names_the_keys(host, server):
    host.configure("Ftp", password="wrong and secret")

    _, _, err = host.run("backup", expect=12)

    assert "[Ftp] user and password" in err
    assert "wrong and secret" not in err + host.log_text()
    assert len(list((host.state / "pending").glob("*.zip"))) == 1
    assert server.reports()[0]["is_ok"] == 0


def test_no_permission_to_write_ends_with_4(host, ftp_server, server):
    ftp_server.stop()
    ftp_server.start(WRITE="NO")

    _, _, err = host.run("backup", expect=4)

    assert "550" in err or "553" in err
    assert len(list((host.state / "pending").glob("*.zip"))) == 1
    assert server.reports()[0]["is_ok"] == 0


def test_a_full_disk_at_the_server_ends_with_4_and_publishes_nothing(host, ftp_server, server):
    add_random_file(host, 3)
    directory = ftp_server.root / "backups"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "none", directory], check=True)
    try:
        host.run("backup", expect=4)
        assert host.stored() == []
    finally:
        subprocess.run(["umount", directory], check=True)
    assert len(list((host.state / "pending").glob("*.zip"))) == 1
    assert server.reports()[0]["is_ok"] == 0


def test_a_connection_that_breaks_is_resumed(host, ftp_server):
    slow(ftp_server, 4_000_000)
    add_random_file(host, 8)
    host.configure("Ftp", retries=4)
    running = host.start("backup")
    part = eventually(lambda: next((file for file in host.stored() if file.stat().st_size > 1_000_000), None),
                      "a megabyte has arrived")
    before = part.stat().st_size
    ftp_server.cut_sessions()

    _, err = running.communicate(timeout=120)

    assert running.returncode == 0, err
    assert "attempt 2 of 5 follows" in err
    (archive,) = host.stored()
    assert archive.stat().st_size > before
    subprocess.run(["unzip", "-tq", archive], check=True, stdout=subprocess.DEVNULL)
    assert "APPE" in ftp_server.log()


def test_a_connection_that_breaks_for_good_is_a_failed_upload(host, ftp_server, server):
    slow(ftp_server, 1_000_000)
    add_random_file(host, 20)
    running = host.start("backup")
    eventually(lambda: any(file.stat().st_size > 0 for file in host.stored()), "the upload begins")
    ftp_server.stop()

    _, err = running.communicate(timeout=120)

    assert running.returncode == 4, err
    assert host.archives() == []
    assert server.reports()[0]["is_ok"] == 0
    ftp_server.start(READ="YES")
    host.run("backup", expect=0)
    assert len(host.archives()) == 2 and len(host.stored()) == 2
    assert sorted(row["is_ok"] for row in server.reports()) == [1, 1]


def test_a_damaged_kept_archive_is_never_published(host, ftp_server, server):
    ftp_server.stop()
    host.run("backup", expect=4)
    (kept,) = (host.state / "pending").glob("*.zip")
    content = bytearray(kept.read_bytes())
    content[100] ^= 1
    kept.write_bytes(content)
    ftp_server.start()

    _, _, err = host.run("backup", expect=0)

    assert f"the kept archive {kept.name} is damaged and will not be sent" in err
    assert len(host.archives()) == 1
    assert (host.state / "pending" / (kept.name + ".damaged")).exists()


def test_a_server_that_forbids_reading_is_accepted_and_said(host, ftp_server, server):
    ftp_server.stop()
    ftp_server.start(READ="NO")

    _, out, err = host.run("backup", expect=0)

    assert "not verified" in out
    assert "cannot be read back and compared" in host.log_text()
    assert server.reports()[0]["verified"] == 0


def test_at_most_two_archives_are_kept(host, ftp_server):
    ftp_server.stop()
    for hostname in ("first", "second", "third"):
        host.configure("Run", hostname=hostname)
        host.run("backup", expect=4)

    kept = [file.name.split("+")[0] for file in (host.state / "pending").glob("*.zip")]
    assert len(kept) == 2 and "third" in kept
    assert "was dropped to make room" in host.log_text()


# --- the screen


def test_a_terminal_shows_one_live_line(host, ftp_server):
    slow(ftp_server, 4_000_000)
    add_random_file(host, 6)
    ours, theirs = pty.openpty()
    running = subprocess.Popen(host.command("backup"), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                               env={**os.environ, "NO_COLOR": "1"})
    os.close(theirs)
    screen = b""
    while True:
        try:
            screen += os.read(ours, 4096)
        except OSError:
            break  # The last one who had the terminal open has ended.
    os.close(ours)

    assert running.wait(60) == 0
    text = screen.decode()
    assert "\r\x1b[K" in text and "uploading" in text and "%" in text
    assert "\x1b[3" not in text


def test_a_screen_that_cannot_be_written_to_does_not_stop_a_backup(host):
    with open("/dev/full", "w") as full:
        done = subprocess.run(host.command("backup", "-v"), stdin=subprocess.DEVNULL, stdout=full, stderr=full)

    assert done.returncode == 0
    assert len(host.archives()) == 1


def test_a_log_that_cannot_be_written_does_not_stop_a_backup(host):
    host.log.write_text("a file where the directory should be")

    _, _, err = host.run("backup", expect=0)

    assert "there is no backup.log" in err
    assert len(host.archives()) == 1
