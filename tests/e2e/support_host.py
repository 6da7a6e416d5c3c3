"""One host that is backed up: runs the program osbackup with a configuration and folders of its own."""

import os
import re
import shutil
import subprocess
from pathlib import Path

RUN_SECONDS = 300


class Host:
    """A sandbox folder with osbackup.conf, a source tree, and the work, log and state directories.

    `sections` is the configuration: change it with configure(), which writes the file again. `run()` runs osbackup.
    """

    def __init__(self, programs, folder, ftp_server):
        self.program = Path(programs) / "osbackup"
        self.ftp_server = ftp_server
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.configuration = self.folder / "osbackup.conf"
        self.source = self.folder / "source"  # What is backed up; tests add to it.
        self.work = self.folder / "work"
        self.log = self.folder / "log"
        self.state = self.folder / "state"
        self.source.mkdir()
        (self.source / "hello.txt").write_text("hello\n")
        self.sections = {
            "Ftp": {
                "host": "127.0.0.1", "port": ftp_server.port, "user": ftp_server.user, "password": ftp_server.password,
                "ftpdir": "backups", "timeout": 20, "retries": 0,
            },
            "BackupDirs": {"directory": self.source},
            "Run": {
                "workdir": self.work, "logdir": self.log, "statedir": self.state,
                "hostname": "testhost", "ip": "192.0.2.7",
            },
        }
        self.configure()

    def configure(self, section=None, **keys):
        """Changes keys of one section and writes osbackup.conf, mode 0600. A key that is None is taken out."""
        if section:
            values = self.sections.setdefault(section, {})
            values.update(keys)
            self.sections[section] = {key: value for key, value in values.items() if value is not None}
        text = ""
        for name, values in self.sections.items():
            text += f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()) + "\n"
        self.configure_text(text)

    def configure_text(self, text):
        """Writes this text as osbackup.conf, until the next configure()."""
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(text)

    def drop(self, section):
        """Takes a whole section out of osbackup.conf."""
        self.sections.pop(section, None)
        self.configure()

    def report_to(self, server, user="agent", password="secret"):
        """[API]: the server that counts and records."""
        self.configure("API", host="127.0.0.1", port=server.port, user=user, password=password, timeout=20)

    def mail_to(self, receiver):
        """[Mail], switched on."""
        self.configure("Mail", switch="on", tohost="127.0.0.1", port=receiver.port, postfix="example.com",
                       sender="backup@example.com")

    def command(self, *arguments):
        """The words of a command line with this host's configuration: command("backup", "--json")."""
        return [str(self.program), *arguments, "--config", str(self.configuration)]

    def start(self, *arguments, env=None):
        """Starts osbackup and returns the running subprocess.Popen, whose output is piped."""
        return subprocess.Popen(
            self.command(*arguments), env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        )

    def run(self, *arguments, env=None, expect=None):
        """Runs osbackup to its end; returns (exit code, standard output, standard error).

        With `expect`, any other exit code fails the test and shows everything that was said.
        """
        done = subprocess.run(
            self.command(*arguments), env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", timeout=RUN_SECONDS,
        )
        if expect is not None:
            assert done.returncode == expect, (
                f"exit {done.returncode}, expected {expect}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}\n"
                f"--- log\n{self.log_text()}"
            )
        return done.returncode, done.stdout, done.stderr

    def last(self):
        """The name in the file `last`; None when there is no such file."""
        file = self.log / "last"
        return file.read_text().strip() if file.exists() else None

    def log_text(self):
        """backup.log; empty when there is none."""
        file = self.log / "backup.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def stored(self):
        """Everything in ftpdir on the server, by name, `.part` objects too."""
        directory = self.ftp_server.root / str(self.sections["Ftp"].get("ftpdir", ""))
        return sorted(file for file in directory.iterdir()) if directory.is_dir() else []

    def archives(self):
        """The published archives on the server, oldest first: paths in its folder, so they can be opened."""
        return [file for file in self.stored() if file.suffix == ".zip"]


class HostInRoot(Host):
    """A host whose program sees a small root of its own, so that it can back up and restore in place."""

    def __init__(self, programs, root, ftp_server):
        super().__init__(programs, root / "host", ftp_server)
        self.root = root
        libraries = subprocess.run(["ldd", self.program], capture_output=True, text=True, check=True).stdout
        suppressions = re.findall(r"suppressions=([^: ]+)", os.environ.get("TSAN_OPTIONS", ""))
        for file in re.findall(r"(/\S+) \(0x", libraries) + suppressions:
            (root / file[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, root / file[1:])
        shutil.copy(self.program, root)
        (root / "proc").mkdir()
        self.configure("Run", workdir="/host/work", logdir="/host/log", statedir="/host/state")

    def command(self, *arguments):
        return ["unshare", "--mount", "sh", "-c", 'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"', self.root,
                "/osbackup", *arguments, "--config", "/host/osbackup.conf"]
