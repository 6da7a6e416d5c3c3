"""vsftpd on a free loopback port: where the archives of the benchmark go. Set up as the tests and the demo do."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent / "tests" / "support" / "vsftpd.conf.in"
SYSTEM_USER = "ftp"
START_SECONDS = 30
SESSIONS_END_SECONDS = 30
PORTS_TRIED = 5
POLL_SECONDS = 0.01


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class FtpServer:
    """One vsftpd that serves `folder`/root. Needs root, because it runs as the system's user ftp."""

    user = "ftp"
    password = "bench"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = self.folder / "root"
        self.port = None
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in (self.folder, self.root, self.folder / "empty"):
            path.mkdir()
            self._give_to_server(path)
        for name, text in (("passwords", self.password + "\n"), ("log", "")):
            (self.folder / name).write_text(text)
            self._give_to_server(self.folder / name)

    def start(self):
        for _ in range(PORTS_TRIED):
            self.port = free_port()
            if self._try_start():
                return
        raise SystemExit("bench: vsftpd does not start: " + (self.folder / "output").read_text())

    def stop(self):
        """Ends the server, then the sessions that are still open."""
        if self.process is None:
            return
        sessions = self._sessions()
        self.process.kill()
        self.process.wait()
        for session in sessions:
            try:
                os.kill(session, 9)
            except ProcessLookupError:
                pass
        self.process = None

    def clear(self):
        """Removes what was uploaded."""
        for path in self.root.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def stored(self):
        """The objects on the server."""
        return sorted(path for path in self.root.rglob("*") if path.is_file())

    def log_bytes(self):
        """How much the server has logged so far: where a later log_since() begins."""
        return (self.folder / "log").stat().st_size

    def log_since(self, offset):
        """What it logged since then: connections, logins, each command and its answer, each transfer."""
        return (self.folder / "log").read_bytes()[offset:].decode(errors="replace")

    def cpu_seconds(self):
        """What the server has used so far, with its ended sessions. Waits until the open ones have ended."""
        deadline = time.monotonic() + SESSIONS_END_SECONDS
        while self._sessions() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        # utime, stime, and cutime, cstime of the children that were waited for (proc(5), from field 14 on).
        return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def _sessions(self):
        """The server's processes below the listener, nearest first."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            try:
                below = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
            found += below
            waiting += below
        return found

    def _give_to_server(self, path):
        entry = pwd.getpwnam(SYSTEM_USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)

    def _try_start(self):
        values = {
            "LISTEN": "listen=YES", "ADDRESS": "listen_address=127.0.0.1", "PORT": str(self.port),
            "ROOT": str(self.root), "PASSWORDS": str(self.folder / "passwords"), "EMPTY": str(self.folder / "empty"),
            "LOG": str(self.folder / "log"), "WRITE": "YES", "READ": "YES",
        }
        text = TEMPLATE.read_text()
        for word, value in values.items():
            text = text.replace(f"@{word}@", value)
        configuration = self.folder / "vsftpd.conf"
        configuration.write_text(text)
        self._give_to_server(configuration)
        with open(self.folder / "output", "wb") as output:
            # The checkout may lie where the user ftp may not go: one capability lets this process through.
            self.process = subprocess.Popen(
                ["setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--init-groups",
                 "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "vsftpd", str(configuration)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS) as connection:
                    if connection.recv(3) == b"220":
                        return True
            except ConnectionError:
                time.sleep(POLL_SECONDS)  # vsftpd does not tell when it is ready.
        self.stop()
        return False
