"""tests/support/smtp_receiver.py for whole-program tests: a real SMTP server that keeps what it receives."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent.parent / "support" / "smtp_receiver.py"
STOP_SECONDS = 30


class SmtpReceiver:
    """One receiver and the folder of its messages."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.process = None
        self.port = None

    def start(self, *options):
        """Receives from now on, with these options of smtp_receiver.py."""
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, self.folder, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )
        self.port = int(self.process.stdout.readline())
        return self

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait(STOP_SECONDS)
        self.process.stdout.close()
        self.process = None

    def messages(self):
        """What came, in order: dictionaries with helo, from, recipients, user and content."""
        return [json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))]
