"""mariadbd for whole-program tests: a real server on a free loopback port, with an empty database and its user."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

from support_ftp import free_port

PROGRAM = "/usr/sbin/mariadbd"
START_SECONDS = 60
RUN_SECONDS = 60
PORTS_TRIED = 5
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def system_tables():
    """The tables that a server needs to know its users, as its package brings them."""
    for folder in ("/usr/share/mysql", "/usr/share/mariadb"):
        for name in ("mariadb_system_tables.sql", "mysql_system_tables.sql"):
            if (Path(folder) / name).exists():
                return Path(folder) / name
    raise AssertionError("no mariadb_system_tables.sql: install mariadb-server (scripts/setup)")


class MariaDb:
    """One mariadbd. start() may follow kill(), on the same port and with what was committed."""

    host = "127.0.0.1"
    user = "osbackup"
    password = "a pass;word 'of' \"the\" #database"
    dbname = "os_backup"

    def __init__(self):
        # Its socket's path has to be short.
        self.folder = Path(tempfile.mkdtemp(prefix="osbackup-db-"))
        for name in ("data", "temporary"):
            (self.folder / name).mkdir()
        self.port = None
        self.process = None
        self._make_data()
        quoted = self.password.replace("'", "''")
        (self.folder / "first.sql").write_text(
            f"CREATE DATABASE IF NOT EXISTS {self.dbname};\n"
            f"CREATE USER IF NOT EXISTS '{self.user}'@'%' IDENTIFIED BY '{quoted}';\n"
            f"GRANT ALL ON {self.dbname}.* TO '{self.user}'@'%';\n"
            f"CREATE USER IF NOT EXISTS 'poor'@'%' IDENTIFIED BY '{quoted}';\n"
        )

    def _command(self):
        """Small. What was committed survives the end of the process, and nothing else is asked of it."""
        return [
            PROGRAM, "--no-defaults", "--user=root", f"--datadir={self.folder / 'data'}",
            f"--tmpdir={self.folder / 'temporary'}", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M",
            "--innodb-flush-method=nosync", "--skip-innodb-doublewrite", "--innodb-use-native-aio=0",
            "--innodb-buffer-pool-load-at-startup=0", "--innodb-buffer-pool-dump-at-shutdown=0",
            "--performance-schema=0", "--debug-no-sync",
        ]

    def _make_data(self):
        statements = "CREATE DATABASE mysql;\nUSE mysql;\n" + system_tables().read_text()
        done = subprocess.run(
            [*self._command(), "--bootstrap"], input=statements, capture_output=True, text=True, timeout=RUN_SECONDS,
        )
        assert done.returncode == 0, done.stderr

    def start(self):
        ports = [self.port] if self.port else [free_port() for _ in range(PORTS_TRIED)]
        for port in ports:
            if self._try_start(port):
                self.port = port
                return self
        raise AssertionError("mariadbd does not start: " + self.log())

    def _try_start(self, port):
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [*self._command(), f"--bind-address={self.host}", f"--port={port}", "--skip-name-resolve",
                 f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}",
                 f"--init-file={self.folder / 'first.sql'}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if "ready for connections" in self.log():
                return True
            # A poll with a deadline: its log is all that tells.
            time.sleep(0.02)
        self.kill()
        return False

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def kill(self):
        """Ends it as kill -9 does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self):
        """Makes it neither answer nor accept until resume()."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def configuration(self, **changes):
        """The keys of [DB] in osbackupd.conf."""
        keys = {"host": self.host, "port": self.port, "user": self.user, "password": self.password,
                "dbname": self.dbname, **changes}
        return "".join(f"{key} = {value}\n" for key, value in keys.items())

    def rows(self, sql, *values):
        """The rows of a query, as dictionaries; whole numbers as such."""
        for value in values:
            sql = sql.replace("?", "'" + str(value).replace("'", "''") + "'", 1)
        done = subprocess.run(
            ["mariadb", "--no-defaults", "--protocol=tcp", f"--host={self.host}", f"--port={self.port}",
             f"--user={self.user}", f"--database={self.dbname}", "--default-character-set=utf8mb4", "--xml",
             "--delimiter=//"],  # A trigger has semicolons in it.
            input=sql, env={**os.environ, "MYSQL_PWD": self.password}, capture_output=True, text=True,
            timeout=RUN_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        if not done.stdout:
            return []
        return [
            {field.get("name"): _value(field) for field in row}
            for row in xml.etree.ElementTree.fromstring(done.stdout).iter("row")
        ]


def _value(field):
    if field.get(NIL) == "true":
        return None
    text = field.text or ""
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text
