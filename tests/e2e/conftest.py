"""Fixtures of the whole-program tests. Each gives a fresh peer or host and ends it after the test.

    /usr/bin/python3 -m pytest --programs build/release/bin tests/e2e/test_x.py

kills          how often a test under load kills what it kills; more than by default for a longer look
programs       the folder of osbackup and osbackupd
ftp_server     a running vsftpd (support_ftp.FtpServer)
mariadb        a running mariadbd (support_mariadb.MariaDb)
smtp_receiver  a running SMTP server (support_mail.SmtpReceiver)
server         a running osbackupd with the user agent:secret (support_server.Osbackupd)
host           what is backed up to the three of them (support_host.Host)
"""

from pathlib import Path

import pytest

from support_ftp import FtpServer
from support_host import Host
from support_mail import SmtpReceiver
from support_mariadb import MariaDb
from support_server import Osbackupd


def pytest_addoption(parser):
    parser.addoption("--programs", required=True, help="the folder of osbackup and osbackupd: build/PRESET/bin")
    parser.addoption("--kills", type=int, default=4, help="how often a test under load kills what it kills")


@pytest.fixture(scope="session")
def programs(request):
    folder = Path(request.config.getoption("--programs")).resolve()
    assert folder.is_dir(), f"{folder} does not exist; build first: scripts/build"
    return folder


@pytest.fixture
def kills(request):
    return request.config.getoption("--kills")


@pytest.fixture
def ftp_server():
    server = FtpServer()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def mariadb():
    database = MariaDb()
    try:
        yield database.start()
    finally:
        database.remove()


@pytest.fixture
def smtp_receiver(tmp_path):
    receiver = SmtpReceiver(tmp_path / "mail").start()
    yield receiver
    receiver.stop()


@pytest.fixture
def server(programs, tmp_path):
    running = Osbackupd(programs, tmp_path / "server").add_user("agent", "secret")
    try:
        yield running.start()
    finally:
        running.kill()


@pytest.fixture
def host(programs, tmp_path, ftp_server, server, smtp_receiver):
    backed_up = Host(programs, tmp_path / "host", ftp_server)
    backed_up.report_to(server)
    backed_up.mail_to(smtp_receiver)
    return backed_up
