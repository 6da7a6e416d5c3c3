"""osbackupd on MariaDB: the user's protocol end to end, and a database server that dies, hangs or refuses."""

import json
import random
import threading
import uuid

import pytest

from support_mariadb import MariaDb
from support_server import Osbackupd, eventually
from test_server import REPORT, report

SENDERS = 4


@pytest.fixture(name="server")
def running_server(programs, tmp_path, mariadb):
    server = Osbackupd(programs, tmp_path / "server", mariadb=mariadb).add_user("agent", "secret")
    server.start()
    yield server
    server.kill()


class Fleet:
    """Hosts that report and are counted, one after another on each thread, until the block ends. What was acknowledged
    stands in `reported` and `counted`, by run."""

    def __init__(self, *servers):
        self.servers = servers
        self.reported = []
        self.counted = []
        self.refused = 0
        self._ended = threading.Event()
        self._condition = threading.Condition()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self, number):
        while not self._ended.is_set():
            run = str(uuid.uuid4())
            server = random.choice(self.servers)
            try:
                counted = server.count(ip=f"192.0.2.{number}", run=run).body == "1"
                reported = server.report(report(hostname=f"host{number}", run_id=run)).body == "0"
            except (OSError, ValueError):  # The server is gone; what it took before was acknowledged.
                with self._condition:
                    self.refused += 1
                continue
            with self._condition:
                self.counted += [run] * counted
                self.reported += [run] * reported
                self._condition.notify_all()

    def wait_for_more(self, reports=50):
        """Until so many more reports are acknowledged."""
        with self._condition:
            wanted = len(self.reported) + reports
            assert self._condition.wait_for(lambda: len(self.reported) >= wanted, 120)

    def assert_all_written_once(self, server):
        """Every acknowledged call is in the database, once."""
        server.settle()
        runs = [row["run_id"] for row in server.rows("SELECT run_id FROM backup_info")]
        assert len(runs) == len(set(runs))
        assert set(self.reported) <= set(runs)
        receipts = {row["receipt"] for row in server.rows("SELECT receipt FROM counted")}
        assert set(self.counted) <= receipts
        assert server.rows("SELECT SUM(count) AS sum FROM backup_count") == [{"sum": len(receipts)}]
        assert server.rows("SELECT 1 FROM set_aside") == []
        print(f"{len(self.reported)} reports and {len(self.counted)} counts acknowledged, each written once")


def test_a_backup_is_counted_and_recorded_and_its_archive_vouched_for(programs, host, server, mariadb):
    host.report_to(server)
    host.run("backup", expect=0)

    (row,) = server.reports()
    assert (row["ip"], row["hostname"], row["backup_state"], row["is_ok"]) == ("192.0.2.7", "testhost", 1, 1)
    assert row["backupfilename"] == host.last()
    assert row["verified"] == 1 and row["skew_seconds"] is not None and row["ended_at"] <= row["received_at"]
    assert server.count_of("192.0.2.7") == 1
    (found,) = server.rows("SELECT hostname, report_run_id, success_run_id FROM hosts")
    assert found == {"hostname": "testhost", "report_run_id": row["run_id"], "success_run_id": row["run_id"]}
    server.add_user("eye", "secret", "viewer")
    answer = eventually(
        lambda: (a := server.call("/api/v1/backups?backupfilename=" + host.last().replace("+", "%2B"),
                                  login=("eye", "secret"))).status == 200 and a, "the new user is known")
    (told,) = json.loads(answer.body)["backups"]
    assert told["manifest_sha256"] == row["manifest_sha256"]


def test_a_host_does_not_notice_that_the_database_is_away(host, server, mariadb):
    host.report_to(server)
    mariadb.kill()
    host.run("backup", expect=0)
    mariadb.start()

    assert [row["backupfilename"] for row in server.reports()] == [host.last()]
    assert server.count_of("192.0.2.7") == 1


def test_fields_come_through_as_they_are(server):
    dirs = "/etc,/it's \\ \"quoted\" \\' -- ; \U0001F4BE möhre "
    assert server.report(report(dirs=dirs)).body == "0"
    (row,) = server.reports()
    assert row["dirs"] == dirs
    assert {name: row[name] for name in REPORT} == report(dirs=dirs)


def test_a_database_server_that_is_killed_again_and_again_costs_no_report_and_doubles_none(server, mariadb, kills):
    with Fleet(server) as fleet:
        for _ in range(kills):
            fleet.wait_for_more(random.randint(1, 60))
            mariadb.kill()
            fleet.wait_for_more(random.randint(1, 60))
            mariadb.start()
    fleet.assert_all_written_once(server)
    assert fleet.refused == 0


def test_a_database_server_that_hangs_delays_reports_only(server, mariadb):
    with Fleet(server) as fleet:
        fleet.wait_for_more()
        mariadb.pause()
        try:
            fleet.wait_for_more(100)
        finally:
            mariadb.resume()
    fleet.assert_all_written_once(server)


def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(server, kills):
    with Fleet(server) as fleet:
        for _ in range(kills):
            fleet.wait_for_more(random.randint(1, 60))
            server.kill()
            server.start()
    fleet.assert_all_written_once(server)


def test_two_servers_with_one_database_write_every_call_once(programs, tmp_path, server, mariadb):
    other = Osbackupd(programs, tmp_path / "other", mariadb=mariadb)
    try:
        other.start()
        with Fleet(server, other) as fleet:
            fleet.wait_for_more(200)
        run = str(uuid.uuid4())
        for either in (server, other, server):
            assert either.count(ip="198.51.100.7", run=run).body == "1"
            assert either.report(report(hostname="both", run_id=run)).body == "0"
        other.settle()
        fleet.assert_all_written_once(server)
        assert server.count_of("198.51.100.7") == 1
        assert len(server.rows("SELECT 1 FROM backup_info WHERE hostname = 'both'")) == 1
    finally:
        other.kill()


def test_a_report_that_the_database_refuses_is_set_aside_and_holds_up_nothing(server, mariadb):
    mariadb.rows("CREATE TRIGGER refuse BEFORE INSERT ON backup_info FOR EACH ROW IF NEW.hostname = 'cursed' THEN"
                 " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no such host'; END IF")
    for name in ("web1", "cursed", "web2"):
        assert server.report(report(hostname=name, run_id=str(uuid.uuid4()))).body == "0"
    assert server.stop() == 0
    assert [row["hostname"] for row in server.rows("SELECT hostname FROM hosts ORDER BY 1")] == ["web1", "web2"]
    (refused,) = server.rows("SELECT kind, payload, reason FROM set_aside")
    assert json.loads(refused["payload"])["hostname"] == "cursed"
    assert "no such host" in refused["reason"]


def test_a_table_that_is_missing_delays_reports_and_is_told(server, mariadb):
    mariadb.rows("RENAME TABLE hosts TO elsewhere")
    for name in ("web1", "web2"):
        assert server.report(report(hostname=name)).body == "0"
    eventually(lambda: any("hosts' doesn't exist" in line and "put back what was changed" in line
                           for line in server.log), "it is told")
    server.kill()
    server.start()
    mariadb.rows("RENAME TABLE elsewhere TO hosts")
    server.settle()
    assert [row["hostname"] for row in server.rows("SELECT hostname FROM hosts ORDER BY 1")] == ["web1", "web2"]
    assert server.rows("SELECT 1 FROM set_aside") == []


def test_a_server_that_starts_while_the_database_is_away_takes_reports(server, mariadb):
    mariadb.kill()
    server.kill()
    server.start()
    assert any("starting without the database: " in line for line in server.log)
    with Fleet(server) as fleet:
        fleet.wait_for_more()
        assert server.report(report(), login=("agent", "wrong")).status == 401
        mariadb.start()
    fleet.assert_all_written_once(server)
    server.add_user("late", "secret")
    eventually(lambda: server.report(report(), login=("late", "secret")).body == "0", "users are read again")


def test_a_server_that_never_saw_its_database_says_so_and_ends(programs, tmp_path, mariadb):
    server = Osbackupd(programs, tmp_path / "server", mariadb=mariadb)
    mariadb.kill()
    done = server.run("serve")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("osbackupd: database os_backup at 127.0.0.1:")
    assert "check [DB] host and port" in done.stderr


def test_the_users_that_are_kept_are_the_servers_own(server):
    (kept,) = (server.folder / "data" / "queue").glob("users.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "secret" not in kept.read_text()


@pytest.mark.parametrize("changes, reasons", [
    ({"password": "a wrong password"}, ["Access denied for user 'osbackup'", "check [DB] user and password"]),
    ({"user": "poor"}, ["Access denied for user 'poor'", "GRANT ALL ON os_backup.*"]),
    ({"user": "poor", "dbname": "elsewhere"}, ["Access denied for user 'poor'", "GRANT ALL ON elsewhere.*"]),
    ({"port": "1"}, ["check [DB] host and port"]),
], ids=["wrong password", "no right", "not his database", "nobody there"])
def test_what_keeps_it_from_the_database_is_told_with_what_to_do(programs, tmp_path, mariadb, changes, reasons):
    server = Osbackupd(programs, tmp_path / "server", mariadb=mariadb)
    server.configuration.write_text("[DB]\n" + mariadb.configuration(**changes))
    keys = {"dbname": mariadb.dbname, "user": mariadb.user, "port": mariadb.port, **changes}

    done = server.run("migrate")

    assert done.returncode == 1
    for part in [f"database {keys['dbname']} at 127.0.0.1:{keys['port']}, user {keys['user']}: ", *reasons]:
        assert part in done.stderr
    assert MariaDb.password not in done.stderr and "a wrong password" not in done.stderr


def test_the_log_names_the_database_that_is_gone_and_no_secret(server, mariadb):
    mariadb.kill()
    server.report(report(dirs="/a-directory-nobody-else-has"))
    told = eventually(lambda: [line for line in server.log if "check [DB] host and port" in line], "it is told")
    assert f"database os_backup at 127.0.0.1:{mariadb.port}, user osbackup: " in told[0]
    log = "\n".join(server.log)
    assert MariaDb.password not in log and "nobody-else-has" not in log
