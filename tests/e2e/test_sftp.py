"""Archives at an SFTP server: every command there, and servers and logins that are not what they should be."""

import contextlib
import os
import re
import subprocess

import pytest

from support_host import Host
from support_proxy import CuttingProxy
from support_restore import differences, found_in
from support_sftp import SftpServer, make_key

MB = 1_000_000
FETCHED = re.compile(r"fetched (\S+ \S+) in (\d+) range reads?, (\d+) logins?\n")


@pytest.fixture
def sftp_server():
    server = SftpServer()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def host(programs, tmp_path, sftp_server):
    """A host with a few files, whose archives go to the SFTP server."""
    made = Host(programs, tmp_path / "host", sftp_server)
    known_hosts = made.folder / "known_hosts"
    known_hosts.write_text(sftp_server.known_hosts())
    made.configure("Ftp", protocol="sftp", password=None, private_key=sftp_server.private_key, known_hosts=known_hosts,
                   ftpdir="backups/{hostname}")
    (made.source / "folder").mkdir()
    (made.source / "folder" / "large").write_bytes(os.urandom(12 * MB))
    for number in range(50):
        (made.source / "folder" / f"small {number}").write_bytes(os.urandom(number * 1000))
    return made


@pytest.fixture
def proxy_before(sftp_server):
    """proxy_before(host, cut_after): puts a proxy between the host and its server."""
    with contextlib.ExitStack() as proxies:
        def put(host, cut_after):
            proxy = proxies.enter_context(CuttingProxy(sftp_server.port, cut_after))
            (host.folder / "known_hosts").write_text(sftp_server.known_hosts(proxy.port))
            host.configure("Ftp", port=proxy.port, retries=4)
            return proxy

        yield put


def stored(sftp_server):
    return sorted(file.name for file in (sftp_server.root / "backups/testhost").iterdir())


def test_an_archive_goes_there_and_is_found_again(host, sftp_server):
    host.run("backup", expect=0)

    assert stored(sftp_server) == [host.last()]
    for command in (("snapshots",), ("ls", "latest"), ("find", "large"), ("check", "--read-data"),
                    ("diff", "latest", "--live")):
        before = sftp_server.logins()
        _, out, _ = host.run(*command, expect=0)
        assert out
        assert sftp_server.logins() > before


def test_a_file_is_dumped_with_one_login_and_few_reads(host, sftp_server):
    host.run("backup", expect=0)
    before = sftp_server.logins()

    place = f"latest:{host.source}/folder/small 30"
    done = subprocess.run(host.command("dump", place, "-v"), capture_output=True, timeout=300)

    assert done.returncode == 0, done.stderr
    assert done.stdout == (host.source / "folder" / "small 30").read_bytes()
    _, reads, logins = FETCHED.search(done.stderr.decode()).groups()
    assert int(reads) <= 5 and int(logins) == 1
    assert sftp_server.logins() == before + 1


def test_a_restore_brings_everything_back(host):
    host.run("backup", expect=0)
    target = host.folder / "target"

    host.run("restore", "latest", "--target", str(target), expect=0)

    below = str(host.source)[1:]
    assert differences(found_in("/", below), found_in(target, below)) == []


def test_an_upload_whose_connection_breaks_goes_on(host, sftp_server, proxy_before):
    proxy = proxy_before(host, [4 * MB, 8 * MB])

    host.run("backup", expect=0)

    assert proxy.cuts_made == 2
    assert stored(sftp_server) == [host.last()]
    host.run("check", "--read-data", expect=0)
    assert host.log_text().count("upload backups/testhost/") >= 2


def test_a_restore_whose_connection_breaks_goes_on(host, proxy_before):
    host.run("backup", expect=0)
    proxy = proxy_before(host, [3 * MB, 6 * MB, 9 * MB])
    target = host.folder / "target"

    _, _, err = host.run("restore", "latest", "--target", str(target), expect=0)

    assert proxy.cuts_made == 3
    assert "trying again" in err
    below = str(host.source)[1:]
    assert differences(found_in("/", below), found_in(target, below)) == []


def test_a_server_that_is_not_known_gets_nothing_until_it_is(host, sftp_server):
    (host.folder / "known_hosts").unlink()

    _, _, err = host.run("snapshots", expect=1)
    assert f"is not in {host.folder}/known_hosts" in err
    host.run("backup", expect=4)
    assert sftp_server.logins() == 0 and not (sftp_server.root / "backups").exists()

    command = re.search(r"ssh-keyscan -p \d+ \S+", err)[0].split()
    keys = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, timeout=60)
    (host.folder / "known_hosts").write_bytes(keys.stdout)
    host.run("backup", expect=0)
    assert len(stored(sftp_server)) == 2  # With the one that was kept.


def test_a_server_with_another_key_gets_nothing(host, sftp_server):
    make_key(host.folder / "other")
    (host.folder / "known_hosts").write_text(
        f"[127.0.0.1]:{sftp_server.port} {(host.folder / 'other.pub').read_text()}")

    _, _, err = host.run("snapshots", expect=1)

    assert "somebody else may answer there" in err
    assert sftp_server.logins() == 0


def test_known_hosts_that_others_may_write_is_an_error(host):
    (host.folder / "known_hosts").chmod(0o666)

    _, _, err = host.run("snapshots", expect=2)

    assert f"chmod 644 {host.folder}/known_hosts" in err


def test_a_key_that_the_server_refuses_ends_with_12(host):
    make_key(host.folder / "wrong")
    host.configure("Ftp", private_key=host.folder / "wrong")

    _, _, err = host.run("snapshots", expect=12)
    assert "check [Ftp] user and private_key" in err
    host.run("backup", expect=12)


def test_a_key_that_others_may_read_is_an_error(host):
    make_key(host.folder / "open")
    (host.folder / "open").chmod(0o644)
    host.configure("Ftp", private_key=host.folder / "open")

    _, _, err = host.run("snapshots", expect=2)

    assert "holds a private key" in err
