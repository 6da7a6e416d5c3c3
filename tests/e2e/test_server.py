"""osbackupd from outside: the user's protocol over HTTP, what is in the database afterwards, and crashes."""

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import pytest

from support_server import Osbackupd, eventually

REPORT = {
    "ip": "192.0.2.7",
    "hostname": "web1",
    "backup_state": 1,
    "is_ok": 1,
    "backupfilename": "web1+192.0.2.7+20261123T093000Z.zip",
    "file_size": "100MB",
    "dirs": "/etc,/home",
    "insert_time": "2026-11-23 10:31:00",
    "backup_time": "2026-11-23 10:30:00",
}


def report(**changes):
    return {**REPORT, **changes}


@pytest.fixture(name="server")
def running_server(programs, tmp_path):
    server = Osbackupd(programs, tmp_path / "server").add_user("agent", "secret")
    server.start()
    yield server
    server.kill()


def written(server, table="backup_info", count=1):
    return eventually(
        lambda: (rows if len(rows := server.rows(f"SELECT * FROM {table} ORDER BY id")) >= count else None),
        f"{count} rows in {table}",
    )


def assert_still_serves(server):
    assert server.report(report(run_id=str(uuid.uuid4()))).body == "0"


# The old protocol, as its users have it.


def old_client(server):
    """urllib with a password manager, as a script of 2014 has it: it sends its password only when asked."""
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, server.url, "agent", "secret")
    return urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))


def test_an_old_client_counts_and_reports_with_a_form(server):
    opener = old_client(server)
    assert opener.open(server.url + "/countapi?ip=192.0.2.7").read() == b"1"
    fields = report()
    fields["backuptime"] = fields.pop("backup_time")
    assert opener.open(server.url + "/backupinfo", urllib.parse.urlencode(fields).encode()).read() == b"0"

    row = written(server)[0]
    assert {name: row[name] for name in REPORT} == REPORT
    assert row["user"] == "agent"
    assert [(r["ip"], r["count"]) for r in written(server, "backup_count")] == [("192.0.2.7", 1)]


def test_an_old_client_sends_the_dictionary_as_json_in_one_form_field(server):
    body = urllib.parse.urlencode({"osbackup_info": json.dumps(report(dirs="/etc,/möhre & \"quotes\""))}).encode()
    assert old_client(server).open(server.url + "/backupinfo", body).read() == b"0"
    assert written(server)[0]["dirs"] == "/etc,/möhre & \"quotes\""


def test_numbers_may_come_as_text_and_json_under_any_type(server):
    body = json.dumps(report(backup_state="1", is_ok="0")).encode()
    assert server.call("/backupinfo", body).body == "0"
    row = written(server)[0]
    assert (row["backup_state"], row["is_ok"]) == (1, 0)


def test_the_peer_is_counted_when_no_ip_is_given(server):
    assert server.count().body == "1"
    assert written(server, "backup_count")[0]["ip"] == "127.0.0.1"


def test_a_forwarded_address_counts_only_from_a_trusted_proxy(programs, tmp_path):
    trusting = "[Server]\ntrusted_proxies = 127.0.0.1\n"
    for folder, extra, expected in [("a", "", "127.0.0.1"), ("b", trusting, "192.0.2.9")]:
        server = Osbackupd(programs, tmp_path / folder).add_user("agent", "secret")
        text = server.configuration.read_text()
        server.configuration.write_text(text.replace("[Server]\n", extra or "[Server]\n"))
        server.start()
        try:
            request = urllib.request.Request(server.url + "/countapi", headers={
                "Authorization": "Basic YWdlbnQ6c2VjcmV0", "X-Forwarded-For": "198.51.100.1, 192.0.2.9"})
            assert urllib.request.urlopen(request).read() == b"1"
            assert written(server, "backup_count")[0]["ip"] == expected
        finally:
            server.kill()


# Every way to be refused, after which the server goes on.

BAD_REPORTS = {
    "missing": ({k: v for k, v in REPORT.items() if k != "hostname"}, "hostname is missing"),
    "bad_ip": (report(ip="300.1.2.3"), "ip must be an IPv4 or IPv6 address"),
    "state": (report(backup_state=2), "backup_state must be 0 or 1"),
    "type": (report(dirs=["/etc"]), "dirs must be text"),
    "time": (report(backup_time="yesterday"), "backup_time must be a time such as 2014-01-01 11:11:11"),
    "control": (report(hostname="a\nb"), "hostname must be one line without control characters"),
    "long": (report(hostname="x" * 256), "hostname must be at most 255 bytes"),
    "run_id": (report(run_id="1"), "run_id must be a UUID"),
    "float": (report(files=1.5), "files must be a whole number from 0 to 9223372036854775807"),
}


@pytest.mark.parametrize("name", BAD_REPORTS)
def test_a_bad_field_is_named(server, name):
    fields, reason = BAD_REPORTS[name]
    answer = server.report(fields)
    assert (answer.status, answer.body, answer.headers["X-Osbackup-Error"]) == (400, "1", reason)
    assert_still_serves(server)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{\"ip\": \xff}", b"%zz", b"", b"[" * 5000])
def test_a_bad_body_is_refused(server, body):
    answer = server.call("/backupinfo", body, "application/json")
    assert (answer.status, answer.body) == (400, "1")
    assert answer.headers["X-Osbackup-Error"]
    assert_still_serves(server)


@pytest.mark.parametrize("path, method, body", [("/backupinfo", "POST", "1"), ("/countapi", "GET", "0")])
def test_a_body_over_the_limit_is_refused(server, path, method, body):
    answer = server.call(path, b"x" * 30000, method=method)
    assert (answer.status, answer.body) == (413, body)
    assert answer.headers["X-Osbackup-Error"] == "the body is larger than 20000 bytes"
    assert_still_serves(server)


@pytest.mark.parametrize("login", [("agent", "wrong"), ("nobody", "secret"), ("", ""), None])
def test_a_wrong_login_is_refused(server, login):
    answer = server.report(report(), login=login)
    assert (answer.status, answer.body) == (401, "1")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    answer = server.call("/countapi", login=login)
    assert (answer.status, answer.body) == (401, "0")
    assert_still_serves(server)


def test_a_viewer_may_not_report(server):
    server.add_user("eye", "secret", "viewer")
    assert repr(server.report(report(), login=("eye", "secret"))).startswith("403 '1'")
    assert repr(server.call("/countapi", login=("eye", "secret"))).startswith("403 '0'")
    assert_still_serves(server)


@pytest.mark.parametrize("query", ["ip=nonsense", "run=nonsense"])
def test_a_bad_count_is_refused(server, query):
    answer = server.call("/countapi?" + query)
    assert (answer.status, answer.body) == (400, "0")
    assert_still_serves(server)


def test_wrong_methods_and_paths_are_refused(server):
    answer = server.call("/countapi", b"", method="POST")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    assert answer.headers["X-Osbackup-Error"] == "/countapi does not take POST"
    assert server.call("/backupinfo").status == 405
    answer = server.call("/nowhere")
    assert (answer.status, answer.body) == (404, "")
    assert answer.headers["X-Osbackup-Error"] == "nothing is served at /nowhere"
    assert_still_serves(server)


def test_a_full_queue_says_when_to_come_again(programs, tmp_path):
    server = Osbackupd(programs, tmp_path).add_user("agent", "secret")
    server.configuration.write_text(server.configuration.read_text() + "limit = 1\n")
    server.start()
    lock = sqlite3.connect(server.database, isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        assert server.report(report()).body == "0"
        answer = server.report(report())
        assert (answer.status, answer.body, answer.headers["Retry-After"]) == (503, "1", "60")
        lock.execute("ROLLBACK")
        written(server)
        eventually(lambda: server.report(report()).body == "0", "room in the queue")
    finally:
        lock.close()
        server.kill()


def test_too_many_connections_are_told_when_to_come_again(programs, tmp_path):
    server = Osbackupd(programs, tmp_path).add_user("agent", "secret")
    server.configuration.write_text(
        server.configuration.read_text().replace("[Server]\n", "[Server]\nmax_connections = 1\n"))
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port)):
            answer = server.report(report())
        assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
        assert answer.headers["X-Osbackup-Error"] == "too many connections"
    finally:
        server.kill()


def test_as_many_files_as_the_system_allows_may_be_open(programs, tmp_path):
    server = Osbackupd(programs, tmp_path).add_user("agent", "secret")
    server.start(wrapper=("prlimit", "--nofile=256:512"))
    try:
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        assert re.search(r"Max open files +512 +512 ", limits)
        assert any("max_connections = 10000 does not fit into 512 open files" in line for line in server.log)
        assert_still_serves(server)
    finally:
        server.kill()


# Users.


def test_users_come_and_go_without_a_restart(server):
    server.add_user("second", "one")
    assert server.report(report(), login=("second", "one")).body == "0"
    assert server.run("user", "list").stdout.split()[0::3] == ["agent", "second"]
    assert server.run("user", "remove", "second").returncode == 0
    eventually(lambda: server.report(report(), login=("second", "one")).status == 401, "the user is refused")
    server.add_user("second", "two")
    assert server.report(report(), login=("second", "two")).body == "0"
    assert server.report(report(), login=("second", "one")).status == 401


def test_user_commands_explain_what_is_wrong(programs, tmp_path):
    server = Osbackupd(programs, tmp_path).add_user("agent", "secret")
    again = server.run("user", "add", "agent", "--role", "agent", "--password-file", str(tmp_path / "password-agent"))
    assert (again.returncode, again.stderr) == (1, "osbackupd: the user agent exists already: remove it first\n")
    role = server.run("user", "add", "x", "--role", "king", "--password-file", str(tmp_path / "password-agent"))
    assert (role.returncode, role.stderr) == (2, "osbackupd: the role king must be agent, viewer or admin\n")
    terminal = server.run("user", "add", "x", "--role", "agent")
    assert terminal.returncode == 2 and "--password-file" in terminal.stderr
    assert server.run("user", "remove", "nobody").returncode == 1
    assert server.run("nonsense").returncode == 2
    assert server.run("--version").returncode == 0
    assert "serve" in server.run("--help").stdout
    assert server.run("migrate").stdout.endswith("schema version 3, 0 steps applied\n")


def test_a_newer_database_is_not_touched(programs, tmp_path):
    server = Osbackupd(programs, tmp_path).add_user("agent", "secret")
    connection = sqlite3.connect(server.database)
    connection.execute("INSERT INTO schema_version VALUES (99)")
    connection.commit()
    connection.close()
    done = server.run("serve")
    assert (done.returncode, "newer program" in done.stderr) == (2, True)


def test_secrets_and_bodies_stay_out_of_the_log(server):
    server.report(report(dirs="/a-directory-nobody-else-has"))
    server.report(report(ip="a-value-nobody-else-has"))
    server.report(report(), login=("agent", "a-wrong-password"))
    server.stop()
    log = "\n".join(server.log)
    assert "/backupinfo" in log
    for secret in ("nobody-else-has", "a-wrong-password", "YWdlbnQ", "Basic"):
        assert secret not in log


# Exactly once.


def test_the_same_run_is_counted_once(server):
    run = str(uuid.uuid4())
    assert [server.count(ip="192.0.2.7", run=run).body for _ in range(3)] == ["1", "1", "1"]
    assert server.count(ip="192.0.2.7", run=run.upper()).body == "1"
    assert server.count(ip="192.0.2.7").body == "1"
    assert server.stop() == 0
    assert server.rows("SELECT ip, count FROM backup_count") == [{"ip": "192.0.2.7", "count": 2}]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 2, 2)])
def test_the_highest_attempt_stands_whatever_came_first(server, order):
    run = str(uuid.uuid4())
    for attempt in order:
        assert server.report(report(run_id=run, attempt=attempt, is_ok=int(attempt == 2))).body == "0"
    assert server.stop() == 0
    assert server.rows("SELECT run_id, attempt, is_ok FROM backup_info") == [{"run_id": run, "attempt": 2, "is_ok": 1}]
    assert server.rows("SELECT report_attempt, report_is_ok, success_run_id FROM hosts") == [
        {"report_attempt": 2, "report_is_ok": 1, "success_run_id": run}
    ]


def test_nobody_touches_another_users_report(server):
    server.add_user("other", "secret")
    run = str(uuid.uuid4())
    assert server.report(report(run_id=run)).body == "0"
    assert server.report(report(run_id=run, attempt=9, is_ok=0), login=("other", "secret")).body == "0"
    assert server.stop() == 0
    assert [(row["user"], row["is_ok"]) for row in server.rows("SELECT * FROM backup_info ORDER BY user")] == [
        ("agent", 1), ("other", 0)]


# Crashes and stops.


def test_kill_loses_nothing_that_was_acknowledged(server):
    acknowledged = []
    counted = 0
    for _ in range(3):
        enough = threading.Event()
        mine = []

        def send(mine=mine, enough=enough):
            try:
                while True:
                    run = str(uuid.uuid4())
                    if server.report(report(run_id=run)).body == "0":
                        mine.append(run)
                    if len(mine) >= 60:
                        enough.set()
            except (OSError, ValueError):
                pass  # The server is gone.

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        assert enough.wait(60)
        server.kill()
        for sender in senders:
            sender.join(60)
        acknowledged += mine
        server.start()
        run = str(uuid.uuid4())
        counted += server.count(ip="192.0.2.7", run=run).body == server.count(ip="192.0.2.7", run=run).body == "1"
    assert server.stop() == 0
    stored = [row["run_id"] for row in server.rows("SELECT run_id FROM backup_info")]
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)
    assert server.rows("SELECT count FROM backup_count") == [{"count": counted}]


def test_a_graceful_stop_writes_everything(server):
    for _ in range(50):
        assert server.report(report(run_id=str(uuid.uuid4()))).body == "0"
    assert server.stop() == 0
    assert len(server.rows("SELECT 1 FROM backup_info")) == 50
    assert "everything is written" in server.log[-1]


def test_a_hangup_does_not_end_the_server(server):
    server.process.send_signal(signal.SIGHUP)
    assert_still_serves(server)
    assert server.stop() == 0


def test_reports_wait_while_the_database_is_locked(server):
    lock = sqlite3.connect(server.database, isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        runs = [str(uuid.uuid4()) for _ in range(2)]
        for run in runs:
            assert server.report(report(run_id=run)).body == "0"
        assert server.rows("SELECT 1 FROM backup_info") == []
        lock.execute("ROLLBACK")
    finally:
        lock.close()
    assert sorted(row["run_id"] for row in written(server, count=2)) == sorted(runs)


def test_what_could_not_be_written_before_a_crash_is_written_by_the_next_start(server):
    lock = sqlite3.connect(server.database, isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        run = str(uuid.uuid4())
        assert server.report(report(run_id=run)).body == "0"
        server.kill()
    finally:
        lock.close()
    server.start()
    assert written(server)[0]["run_id"] == run


def read_from_outside(database, table):
    """Opens, reads and closes a database as an administrator's sqlite3 does: in a process of its own."""
    reader = ("import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30);"
              "c.execute('SELECT * FROM ' + sys.argv[2]).fetchall(); c.close()")
    subprocess.run([sys.executable, "-c", reader, database, table], check=True, timeout=60)


def test_readers_from_outside_cost_no_report_of_the_queue(server):
    lock = sqlite3.connect(server.database, isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        runs = []
        for _ in range(3):
            for _ in range(5):
                runs.append(str(uuid.uuid4()))
                assert server.report(report(run_id=runs[-1])).body == "0"
            read_from_outside(server.journal, "calls")
            read_from_outside(server.database, "users")
            runs.append(str(uuid.uuid4()))
            assert server.report(report(run_id=runs[-1])).body == "0"
        server.kill()
    finally:
        lock.close()
    server.start()
    assert sorted(row["run_id"] for row in server.reports()) == sorted(runs)


def test_readers_from_outside_cost_no_report_of_the_database(server):
    runs = []
    for _ in range(3):
        assert server.run("user", "list").returncode == 0
        read_from_outside(server.database, "users")
        runs.append(str(uuid.uuid4()))
        assert server.report(report(run_id=runs[-1])).body == "0"
        server.settle()
    server.kill()
    server.start()
    assert sorted(row["run_id"] for row in server.reports()) == sorted(runs)


def test_a_report_that_the_database_refuses_is_set_aside_and_holds_up_nothing(server):
    connection = sqlite3.connect(server.database, timeout=30)
    connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON backup_info WHEN NEW.hostname = 'cursed'"
        " BEGIN SELECT RAISE(ABORT, 'no such host'); END")
    connection.commit()
    connection.close()
    for name in ("web1", "cursed", "web2"):
        assert server.report(report(hostname=name, run_id=str(uuid.uuid4()))).body == "0"
    assert server.stop() == 0
    assert sorted(row["hostname"] for row in server.rows("SELECT hostname FROM backup_info")) == ["web1", "web2"]
    (refused,) = server.rows("SELECT kind, payload, reason FROM set_aside")
    assert refused["kind"] == "report"
    assert json.loads(refused["payload"])["hostname"] == "cursed"
    assert "no such host" in refused["reason"]
