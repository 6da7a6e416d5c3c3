"""osbackupd from outside: what it says of an archive, to whom, and that reading is not in the way of reporting."""

import hashlib
import json
import sqlite3
import urllib.parse
import uuid
import zipfile

import pytest

from test_server import assert_still_serves, report

ARCHIVE = "web1+192.0.2.7+20261123T093000Z.zip"


def ask(server, archive, user="eye"):
    """The answer to GET /api/v1/backups, read."""
    query = urllib.parse.urlencode({"backupfilename": archive})
    answer = server.call("/api/v1/backups?" + query, login=(user, "secret"))
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(answer.body)


@pytest.fixture(name="readers")
def server_with_readers(server):
    server.add_user("other", "secret").add_user("eye", "secret", "viewer").add_user("chief", "secret", "admin")
    return server


def test_a_host_a_viewer_and_an_admin_read_what_a_backup_reported_and_another_host_does_not(host, readers):
    host.run("backup", expect=0)
    (archive,) = host.archives()
    (row,) = readers.reports()

    answer = ask(readers, archive.name)

    (backup,) = answer["backups"]
    assert answer["more"] is False
    reckoned = ("id", "ended_at", "skew_seconds")
    assert backup == {name: value for name, value in row.items() if name not in reckoned and value is not None}
    assert (backup["user"], backup["hostname"], backup["ip"]) == ("agent", "testhost", "192.0.2.7")
    assert backup["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    manifest = zipfile.ZipFile(archive).read("osbackup/manifest.json")
    assert backup["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()
    assert ask(readers, archive.name, "chief") == ask(readers, archive.name, "agent") == answer
    assert ask(readers, archive.name, "other") == {"more": False, "backups": []}


def test_every_users_report_of_an_archive_is_told_apart(readers):
    for user in ("agent", "other"):
        run = str(uuid.uuid4())
        assert readers.report(report(run_id=run, manifest_sha256="a" * 64), login=(user, "secret")).body == "0"
        readers.settle()
    assert [backup["user"] for backup in ask(readers, ARCHIVE)["backups"]] == ["other", "agent"]
    assert [backup["user"] for backup in ask(readers, ARCHIVE, "agent")["backups"]] == ["agent"]


def test_a_name_of_any_characters_is_asked_for_as_it_is(readers):
    name = "it's \"a\" & möhre 50% +1.zip"
    assert readers.report(report(backupfilename=name)).body == "0"
    readers.settle()
    assert ask(readers, name)["backups"][0]["backupfilename"] == name
    assert ask(readers, "' OR '1' = '1")["backups"] == []


@pytest.mark.parametrize("query, reason", [
    ("", "backupfilename is missing"),
    ("?backupfilename=", "backupfilename must be the name of an archive"),
    ("?backupfilename=a%0Ab", "backupfilename must be one line without control characters"),
    ("?backupfilename=%FF", "backupfilename must be UTF-8"),
    ("?backupfilename=" + "x" * 513, "backupfilename must be at most 512 bytes"),
])
def test_a_bad_name_is_refused(server, query, reason):
    answer = server.call("/api/v1/backups" + query)
    assert (answer.status, answer.body, answer.headers["X-Osbackup-Error"]) == (400, "", reason)
    assert_still_serves(server)


@pytest.mark.parametrize("login", [("agent", "wrong"), ("nobody", "secret"), None])
def test_nobody_reads_without_a_login(server, login):
    answer = server.call("/api/v1/backups?backupfilename=a.zip", login=login)
    assert (answer.status, answer.body) == (401, "")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_backups_are_read_and_not_written_there(server):
    answer = server.call("/api/v1/backups", b"", method="POST")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def test_readers_are_answered_while_the_database_takes_no_reports(readers):
    assert readers.report(report(run_id=str(uuid.uuid4()))).body == "0"
    readers.settle()
    lock = sqlite3.connect(readers.database, isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        assert readers.report(report(run_id=str(uuid.uuid4()))).body == "0"
        assert len(ask(readers, ARCHIVE)["backups"]) == 1
        lock.execute("ROLLBACK")
    finally:
        lock.close()
    readers.settle()
    assert len(ask(readers, ARCHIVE)["backups"]) == 2
