"""osbackupd for whole-program tests: a real server on a free loopback port, with a database of its own."""

import base64
import json
import queue
import re
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 60
EVENTUALLY_SECONDS = 60


def eventually(condition, what):
    """Waits until the condition holds, and returns its value."""
    deadline = time.monotonic() + EVENTUALLY_SECONDS
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"never happened: {what}"
        # A poll with a deadline: what happens in another process gives no event to wait for.
        time.sleep(0.02)


class Answer:
    """What the server answered."""

    def __init__(self, status, body, headers):
        self.status = status
        self.body = body
        self.headers = headers

    def __repr__(self):
        return f"{self.status} {self.body!r} {self.headers.get('X-Osbackup-Error')}"


class Osbackupd:
    """One osbackupd and its folder. stop() or kill() ends it, start() starts it again.

    Its database is a file in the folder, or that of a MariaDB server (support_mariadb.MariaDb).
    """

    def __init__(self, programs_dir, folder, extra_configuration="", mariadb=None):
        self.program = Path(programs_dir) / "osbackupd"
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database = self.folder / "data" / "os_backup.db"
        self.mariadb = mariadb
        self.configuration = self.folder / "osbackupd.conf"
        self.configuration.touch(mode=0o600)
        database = mariadb.configuration() if mariadb else f"path = {self.database}\n"
        self.configuration.write_text(
            f"[DB]\n{database}"
            "[Server]\nlisten = 127.0.0.1\nport = 0\nmax_body = 20000\n"
            f"[Queue]\npath = {self.folder / 'data' / 'queue'}\n" + extra_configuration
        )
        self.process = None
        self.port = None
        self.log = []
        self._reader = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments):
        """Runs osbackupd with this configuration to its end."""
        return subprocess.run(
            [self.program, "--config", self.configuration, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=STOP_SECONDS, start_new_session=True,
        )

    def add_user(self, name, password, role="agent"):
        file = self.folder / f"password-{name}"
        file.touch(mode=0o600)
        file.write_text(password + "\n")
        done = self.run("user", "add", name, "--role", role, "--password-file", str(file))
        assert done.returncode == 0, done.stderr
        return self

    def start(self, wrapper=()):
        """Starts it, through the command that `wrapper` begins, which must become the server."""
        self.log = []
        self.process = subprocess.Popen(
            [*wrapper, self.program, "--config", self.configuration, "serve"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        lines = queue.Queue()

        def read(stream):
            for line in stream:
                self.log.append(line.rstrip("\n"))
                lines.put(line)
            lines.put(None)

        self._reader = threading.Thread(target=read, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        deadline = time.monotonic() + START_SECONDS
        while True:
            line = lines.get(timeout=max(0.01, deadline - time.monotonic()))
            assert line is not None, "osbackupd ended: " + " | ".join(self.log)
            found = re.search(r"listening on 127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                return self

    def stop(self):
        """Stops it gracefully and returns its exit code."""
        if self.process is None:
            return None
        self.process.terminate()
        return self._wait()

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self._wait()

    def _wait(self):
        code = self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        self.process.stderr.close()
        self.process = None
        return code

    def rows(self, sql, *values):
        """The rows of a query, as dictionaries."""
        if self.mariadb:
            return self.mariadb.rows(sql, *values)
        connection = sqlite3.connect(self.database, timeout=30)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]
        finally:
            connection.close()

    def reports(self):
        """The rows of backup_info, in the order that they came, once the server has written what it accepted."""
        self.settle()
        return self.rows("SELECT * FROM backup_info ORDER BY id")

    def count_of(self, ip):
        """The count of a host, once the server has written what it accepted; 0 when there is none."""
        self.settle()
        return sum(row["count"] for row in self.rows("SELECT count FROM backup_count WHERE ip = ?", ip))

    @property
    def journal(self):
        return next((self.folder / "data" / "queue").glob("*.db"))

    def settle(self):
        """Waits until the queue is empty."""
        journal = self.journal

        def is_empty():
            connection = sqlite3.connect(journal, timeout=30)
            try:
                return connection.execute("SELECT count(*) FROM calls").fetchone()[0] == 0
            finally:
                connection.close()

        eventually(is_empty, "the queue is written")

    def call(self, path, body=None, content_type=None, login=("agent", "secret"), method=None):
        """One request; every status is an answer."""
        headers = {}
        if login:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        if content_type:
            headers["Content-Type"] = content_type
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.read().decode(), answer.headers)
        except urllib.error.HTTPError as answer:
            with answer:
                return Answer(answer.code, answer.read().decode(), answer.headers)

    def report(self, fields, **options):
        """POST /backupinfo with a JSON body."""
        return self.call("/backupinfo", json.dumps(fields).encode(), "application/json", **options)

    def count(self, **query):
        return self.call("/countapi?" + urllib.parse.urlencode(query))
