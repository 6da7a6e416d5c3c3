"""OpenSSH's sshd on a free loopback port: the archives that vsftpd has got, over SFTP. Set up as the tests do."""

import shutil
import subprocess
import time
from pathlib import Path

from ftp_server import POLL_SECONDS, PORTS_TRIED, START_SECONDS, SYSTEM_USER, free_port

PROGRAM = "/usr/sbin/sshd"  # It starts itself again by its whole path.
# Where sshd sees its folder, in a mount namespace of its own: the checkout may lie where the user ftp may not go. (A
# capability as vsftpd's would let sshd read /etc/shadow, and find the user locked.)
SEEN = Path("/mnt")
SEE_AND_RUN = 'mount --bind "$1" "$2/root" && mount --rbind "$2" "$3" && shift 3 && exec "$@"'


class SftpServer:
    """One sshd that serves the folder `root`. Needs root, because it runs as the system's user ftp."""

    user = SYSTEM_USER

    def __init__(self, folder, root):
        self.folder = Path(folder)
        self.root = Path(root)
        self.private_key = self.folder / "user_key"
        self.known_hosts = self.folder / "known_hosts"
        self.port = None
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "root").mkdir(parents=True)
        self.folder.chmod(0o711)
        for key in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / key], check=True)
        shutil.chown(self.folder / "host_key", SYSTEM_USER, SYSTEM_USER)

    def start(self):
        for _ in range(PORTS_TRIED):
            self.port = free_port()
            if self._try_start():
                host_key = (self.folder / "host_key.pub").read_text()
                self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {host_key}")
                return
        raise SystemExit("bench: sshd does not start: " + self.log_since(0))

    def stop(self):
        """Ends the server. A session that is still open ends when its client does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log_bytes(self):
        """How much the server has logged so far: where a later log_since() begins."""
        return (self.folder / "log").stat().st_size

    def log_since(self, offset):
        """What it logged since then: connections and logins, but nothing of what is asked for after these."""
        return (self.folder / "log").read_bytes()[offset:].decode(errors="replace")

    def _try_start(self):
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {SEEN}/host_key\n"
            f"AuthorizedKeysFile {SEEN}/user_key.pub\nStrictModes no\nUsePAM no\nPidFile none\nLogLevel VERBOSE\n"
            f"Subsystem sftp internal-sftp -R -d {SEEN}/root\n")
        with open(self.folder / "log", "wb") as output:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", SEE_AND_RUN, "sh", self.root, self.folder, SEEN,
                 "setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--init-groups",
                 PROGRAM, "-D", "-e", "-f", SEEN / "sshd_config"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if f"Server listening on 127.0.0.1 port {self.port}" in self.log_since(0):
                return True
            time.sleep(POLL_SECONDS)  # sshd does not tell in another way when it is ready.
        self.stop()
        return False
