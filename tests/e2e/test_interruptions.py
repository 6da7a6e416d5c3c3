"""osbackup backup, stopped, killed or asked for its status: what it leaves, and what the next run does with it."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support_server import eventually
from support_trouble import add_random_file, replace_program, slow

# OSBACKUP_KILLS=200 for a long series.
KILLS = int(os.environ.get("OSBACKUP_KILLS", "20"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_while_tar_works_leaves_nothing(host, number):
    host.configure("Archive", engine="commands")
    mark = host.folder / "tar-runs"
    environment = replace_program(host, "tar", (
        'case "$*" in *--help*) exec /usr/bin/tar --help;; esac\n'
        f"echo $$ > {mark}.new; mv {mark}.new {mark}; exec sleep 600\n"))
    running = host.start("backup", env=environment)
    eventually(mark.exists, "tar runs")

    running.send_signal(number)
    _, err = running.communicate(timeout=60)

    assert running.returncode == 128 + number, err
    assert list(host.work.iterdir()) == []
    assert not Path(f"/proc/{mark.read_text().strip()}").exists()
    assert host.stored() == [] and host.last() is None
    assert host.log_text().endswith(f"exit code {128 + number}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("spool", ["disk", "memory"])
def test_a_run_that_is_stopped_while_it_archives_leaves_nothing(host, number, spool):
    host.configure("Archive", spool=spool)
    add_random_file(host, 40)
    with open(host.source / "zzz-long", "wb") as file:
        file.truncate(1 << 42)  # A hole whose digest takes hours.
    running = host.start("backup")
    eventually(lambda: any(file.stat().st_size > 30_000_000 for file in host.stored()), "the upload begins")

    running.send_signal(number)
    _, err = running.communicate(timeout=60)

    assert running.returncode == 128 + number, err
    assert list(host.work.iterdir()) == []
    assert host.stored() == [] and host.last() is None
    assert list((host.state / "pending").iterdir()) == []


def test_a_run_that_is_stopped_while_it_sends_leaves_nothing(host, ftp_server):
    slow(ftp_server, 1_000_000)
    add_random_file(host, 20)
    running = host.start("backup")
    eventually(lambda: any(file.stat().st_size > 0 for file in host.stored()), "the upload begins")

    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=60)

    assert running.returncode == 128 + signal.SIGTERM, err
    assert list(host.work.iterdir()) == []
    assert host.stored() == []
    assert list((host.state / "pending").iterdir()) == []


def test_sigusr1_prints_the_status(host, ftp_server):
    slow(ftp_server, 2_000_000)
    add_random_file(host, 6)
    running = host.start("backup")
    eventually(lambda: any(file.stat().st_size > 3_000_000 for file in host.stored()), "half of it is sent")

    running.send_signal(signal.SIGUSR1)
    _, err = running.communicate(timeout=120)

    assert running.returncode == 0, err
    assert any("uploading" in line and "%" in line for line in err.splitlines()), err


def test_what_a_killed_run_made_is_sent_by_the_next_and_its_remains_are_removed(host, ftp_server, server):
    slow(ftp_server, 1_000_000)
    add_random_file(host, 20)
    running = host.start("backup")
    eventually(lambda: " made " in host.log_text() and any(file.stat().st_size > 0 for file in host.stored()),
               "only the upload is left")
    running.kill()
    running.communicate(timeout=60)
    assert list(host.work.iterdir()) != [] and len(host.stored()) == 1
    (host.source / "random").unlink()
    foreign = host.stored()[0].with_name("somebody-else.zip.0a1b2c3d.part")
    foreign.write_text("not ours")
    ftp_server.stop()
    ftp_server.start(READ="YES")

    host.run("backup", expect=0)

    assert list(host.work.iterdir()) == []
    first, second = host.archives()
    assert first.stat().st_size > 20_000_000 > second.stat().st_size
    assert host.stored() == sorted([foreign, first, second])
    assert [row["is_ok"] for row in server.reports()] == [1, 1]
    assert server.count_of("192.0.2.7") == 2


def test_a_run_may_be_killed_at_any_time_and_nothing_is_lost_or_doubled(host, ftp_server, server):
    seed = int(time.time())
    print(f"seed {seed}")
    chance = random.Random(seed)
    add_random_file(host, 2)
    for _ in range(KILLS):
        running = host.start("backup")
        try:
            running.communicate(timeout=chance.uniform(0.0, 0.6))
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate(timeout=60)
    host.run("backup", expect=0)
    host.run("backup", expect=0)

    assert [file.suffix for file in host.stored() if file.suffix != ".zip"] == []
    for archive in host.archives():
        subprocess.run(["unzip", "-tq", archive], check=True, stdout=subprocess.DEVNULL)
    rows = server.reports()
    assert {row["backupfilename"] for row in rows if row["is_ok"]} == {file.name for file in host.archives()}
    assert server.count_of("192.0.2.7") == len(host.archives())
    assert list(host.work.iterdir()) == [] and list((host.state / "pending").iterdir()) == []
