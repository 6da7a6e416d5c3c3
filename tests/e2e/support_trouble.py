"""What tests do to a host and its servers so that something goes wrong, or takes its time."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reader"))
from archive_reader import Archive, raw_text  # noqa: E402


def slow(ftp_server, bytes_per_second):
    """Restarts the FTP server so that a transfer takes its time."""
    ftp_server.stop()
    ftp_server.start(READ=f"YES\nanon_max_rate={bytes_per_second}")


def add_random_file(host, megabytes):
    (host.source / "random").write_bytes(os.urandom(megabytes * 1_000_000))


def replace_program(host, name, script):
    """Puts a program of ours first on PATH; returns the environment for it."""
    folder = host.folder / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def damage_content(archive, path):
    """Destroys a few bytes in the middle of what an archive keeps of a file (of several members, those alone)."""
    reader = Archive(archive)
    (line,) = [line for line in reader.lines() if raw_text(line, "path") == os.fsencode(path)[1:]]
    with open(archive, "r+b") as file:
        file.seek(reader.manifest["directories"][line["dir"]]["offset"] + line["member"] + line["span"] // 2)
        file.write(b"damage")
