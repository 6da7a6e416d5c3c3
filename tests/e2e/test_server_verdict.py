"""What restore and check make of the server's word on an archive."""

import hashlib
import shutil
import zipfile

import pytest

from support_host import Host


@pytest.fixture
def host(programs, tmp_path, ftp_server, server):
    host = Host(programs, tmp_path / "host", ftp_server)
    host.report_to(server)
    return host


@pytest.fixture
def target(tmp_path):
    return tmp_path / "target"


@pytest.fixture
def replaced(host):
    """An archive that was reported, and then replaced by another one of the same host."""
    host.run("backup", expect=0)
    (archive,) = host.archives()
    (host.source / "hello.txt").write_text("planted\n")
    shutil.rmtree(host.state)
    host.drop("API")
    host.run("backup", expect=0)
    (other,) = [file for file in host.archives() if file != archive]
    other.replace(archive)
    return archive


def test_an_archive_that_was_replaced_is_neither_restored_nor_called_good(host, server, replaced, target):
    host.report_to(server)

    for command in (("restore", "latest", "--target", str(target)), ("check", "latest"),
                    ("restore", "latest", "--target", str(target), "--keep-going")):
        _, out, said = host.run(*command, expect=6)
        assert f"{replaced.name} is not as it was reported to the server" in out + said, command
    assert not target.exists()


def test_a_person_who_names_the_digest_is_believed_more_than_the_server(host, server, replaced, target):
    host.report_to(server)
    digest = hashlib.sha256(zipfile.ZipFile(replaced).read("osbackup/manifest.json")).hexdigest()

    host.run("restore", "latest", "--target", str(target), "--expect-sha256", digest, expect=0)

    assert (target / str(host.source)[1:] / "hello.txt").read_text() == "planted\n"


def test_a_server_that_cannot_be_asked_hinders_nobody(host, server, target):
    host.run("backup", expect=0)
    server.kill()

    _, _, said = host.run("restore", "latest", "--target", str(target), expect=0)

    assert f"the server's word on {host.archives()[0].name} could not be had" in said
    assert (target / str(host.source)[1:] / "hello.txt").read_text() == "hello\n"


def test_an_archive_of_which_there_is_no_report_is_restored_and_said_to_be_unknown(host, server, target):
    host.drop("API")
    host.run("backup", expect=0)
    host.report_to(server)

    _, _, said = host.run("restore", "latest", "--target", str(target), expect=0)

    assert "the server cannot say whether" in said and "it has no report of it" in said
