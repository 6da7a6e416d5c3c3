"""vsftpd for whole-program tests: a real FTP server on a free loopback port, which serves a folder of its own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent / "support" / "vsftpd.conf.in"
SYSTEM_USER = "ftp"
START_SECONDS = 30
PORTS_TRIED = 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class FtpServer:
    """One vsftpd. Needs root, because it runs as the system's user ftp. start() may follow stop(), on the same port."""

    user = "ftp"
    password = "correct horse"

    def __init__(self):
        # Not below pytest's folder, which only root may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="osbackup-ftp-"))
        self.folder.chmod(0o711)
        self.root = self.folder / "root"  # The served folder, which a login begins in.
        self.port = None
        self.process = None
        self.options = {"WRITE": "YES", "READ": "YES"}
        for name in ("root", "empty"):
            (self.folder / name).mkdir()
            self._give_to_server(self.folder / name)
        for name, text in (("passwords", self.password + "\n"), ("log", "")):
            (self.folder / name).write_text(text)
            self._give_to_server(self.folder / name)

    def start(self, **options):
        """Serves from now on; WRITE="NO" and READ="NO" forbid."""
        self.options.update(options)
        ports = [self.port] if self.port else [free_port() for _ in range(PORTS_TRIED)]
        for port in ports:
            if self._try_start(port):
                self.port = port
                return self
        raise AssertionError("vsftpd does not start: " + (self.folder / "output").read_text())

    def stop(self):
        """Ends the server and the sessions that it has open."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGKILL)  # A process group of its own: see _try_start().
        self.process.wait()
        self.process = None

    def cut_sessions(self):
        """Ends the processes that serve open sessions, as a crash would. New ones are accepted."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # It has ended meanwhile.
            if parent == self.process.pid:
                os.kill(int(process.name), signal.SIGKILL)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)

    def log(self):
        """What the clients said and were told."""
        return (self.folder / "log").read_text(errors="replace")

    def _give_to_server(self, path):
        entry = pwd.getpwnam(SYSTEM_USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)

    def _try_start(self, port):
        values = {
            "LISTEN": "listen=YES",
            "ADDRESS": "listen_address=127.0.0.1",
            "PORT": str(port),
            "ROOT": str(self.root),
            "PASSWORDS": str(self.folder / "passwords"),
            "EMPTY": str(self.folder / "empty"),
            "LOG": str(self.folder / "log"),
            **self.options,
        }
        text = TEMPLATE.read_text()
        for word, value in values.items():
            text = text.replace(f"@{word}@", value)
        configuration = self.folder / "vsftpd.conf"
        configuration.write_text(text)
        self._give_to_server(configuration)
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen(
                ["setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--init-groups",
                 "vsftpd", str(configuration)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
                    if connection.recv(3) == b"220":
                        return True
            except ConnectionError:
                # vsftpd does not tell when it is ready.
                time.sleep(0.01)
        if self.process.poll() is None:
            self.stop()
        self.process = None
        return False
