"""OpenSSH's sshd for whole-program tests: a real SFTP server on a free loopback port, with a folder of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from support_ftp import PORTS_TRIED, START_SECONDS, SYSTEM_USER, free_port

# sshd starts itself again by its whole path.
PROGRAM = "/usr/sbin/sshd"


def make_key(file):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)


class SftpServer:
    """One sshd with a host key and a user key of its own. Needs root, because it runs as the system's user ftp."""

    user = SYSTEM_USER
    password = "not asked for"

    def __init__(self):
        # Not below pytest's folder, which only root may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="osbackup-sftp-"))
        self.folder.chmod(0o711)
        self.root = self.folder / "root"  # The served folder, which a login begins in.
        self.private_key = self.folder / "user_key"
        self.port = None
        self.process = None
        self.root.mkdir()
        make_key(self.folder / "host_key")
        make_key(self.private_key)
        for name in ("root", "host_key"):
            shutil.chown(self.folder / name, SYSTEM_USER, SYSTEM_USER)

    def start(self):
        for port in [free_port() for _ in range(PORTS_TRIED)]:
            if self._try_start(port):
                self.port = port
                return self
        raise AssertionError("sshd does not start: " + self.log())

    def remove(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)  # A process group of its own: see _try_start().
            self.process.wait()
        shutil.rmtree(self.folder)

    def known_hosts(self, port=None):
        """The text of known_hosts for this server, at its own port or at a proxy's."""
        return f"[127.0.0.1]:{port or self.port} {(self.folder / 'host_key.pub').read_text()}"

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def logins(self):
        return self.log().count("Accepted publickey for")

    def _try_start(self, port):
        configuration = self.folder / "sshd_config"
        configuration.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host_key\n"
            f"AuthorizedKeysFile {self.private_key}.pub\nStrictModes no\nUsePAM no\nPidFile none\nLogLevel VERBOSE\n"
            f"MaxStartups 100\nSubsystem sftp internal-sftp -d {self.root}\n")
        with open(self.folder / "log", "wb") as output:
            self.process = subprocess.Popen(
                ["setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--init-groups",
                 PROGRAM, "-D", "-e", "-f", str(configuration)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if f"Server listening on 127.0.0.1 port {port}" in self.log():
                return True
            # sshd does not tell in another way when it is ready.
            time.sleep(0.01)
        self.process.kill()
        self.process.wait()
        self.process = None
        return False
