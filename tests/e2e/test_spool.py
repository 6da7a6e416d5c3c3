"""osbackup backup with `[Archive] spool = memory`: the archive has no other place than the destination."""

import signal
import subprocess

import pytest

from support_server import eventually
from test_backup_trouble import add_random_file, slow


@pytest.fixture
def memory_host(host):
    host.configure("Archive", spool="memory")
    return host


def kept(host):
    folder = host.state / "pending"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_an_archive_goes_through_memory_and_is_verified(memory_host, server):
    # More than the memory holds at once.
    add_random_file(memory_host, 40)

    _, out, _ = memory_host.run("backup", expect=0)

    (archive,) = memory_host.stored()
    assert "read back and verified" in out
    subprocess.run(["unzip", "-tq", archive], check=True, stdout=subprocess.DEVNULL)
    (row,) = server.reports()
    assert (row["backup_state"], row["is_ok"], row["verified"]) == (1, 1, 1)
    assert row["file_bytes"] == archive.stat().st_size
    assert row["sha256"] == subprocess.check_output(["sha256sum", archive], text=True).split()[0]


def test_a_connection_that_breaks_ends_the_backup_and_nothing_is_kept(memory_host, ftp_server, server):
    slow(ftp_server, 4_000_000)
    add_random_file(memory_host, 60)
    memory_host.configure("Ftp", retries=4)
    running = memory_host.start("backup")
    eventually(lambda: any(file.stat().st_size > 1_000_000 for file in memory_host.stored()), "a megabyte has arrived")
    ftp_server.cut_sessions()

    _, err = running.communicate(timeout=120)

    assert running.returncode == 1, err
    assert "cannot be resumed with [Archive] spool = memory" in err
    assert memory_host.stored() == [] and memory_host.last() is None
    assert kept(memory_host) == [] and list(memory_host.work.iterdir()) == []
    (row,) = server.reports()
    assert (row["backup_state"], row["is_ok"], row["backupfilename"]) == (0, 0, "")
    assert row["error"].endswith("nothing of the archive is kept")


def test_a_refused_login_ends_with_12_and_nothing_is_kept(memory_host, server):
    memory_host.configure("Ftp", password="wrong")
    add_random_file(memory_host, 40)

    _, _, err = memory_host.run("backup", expect=12)

    assert "[Ftp] user and password" in err and "nothing of the archive is kept" in err
    assert kept(memory_host) == []
    assert server.reports()[0]["backup_state"] == 0


def test_a_server_that_is_not_there_ends_with_1(memory_host, ftp_server):
    ftp_server.stop()

    memory_host.run("backup", expect=1)

    assert kept(memory_host) == [] and list(memory_host.work.iterdir()) == []


def test_a_run_that_is_stopped_while_memory_is_full_leaves_nothing(memory_host, ftp_server):
    slow(ftp_server, 1_000_000)
    add_random_file(memory_host, 40)
    running = memory_host.start("backup")
    eventually(lambda: any(file.stat().st_size > 0 for file in memory_host.stored()), "the upload begins")

    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=60)

    assert running.returncode == 128 + signal.SIGTERM, err
    assert memory_host.stored() == [] and kept(memory_host) == [] and list(memory_host.work.iterdir()) == []
