"""What a program read and said to get one file: from its own words, the FTP server's log, and strace."""

import json
import re

READING_CALLS = ("read", "pread64", "readv", "preadv", "preadv2", "sendfile", "copy_file_range", "splice", "mmap")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (\d+|0x[0-9a-f]+)", re.MULTILINE)  # That succeeded.
DESCRIPTOR = re.compile(r"\d<([^>]*)>")  # With -y, strace puts the path behind it.


def told_by_osbackup(said):
    """What the summary of `osbackup dump --json` says that it fetched; nothing when there is none."""
    for line in said.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("message_type") == "summary":
            names = {"bytes_fetched": "fetched_bytes", "range_reads": "range_reads", "logins": "logins"}
            return {ours: message[theirs] for theirs, ours in names.items() if theirs in message}
    return {}


def logged_by_server(log):
    """What vsftpd says of it. What it sent includes what was under way when the reader had enough: on loopback, up to
    the kernel's buffers of some MiB for each read."""
    sent = re.findall(r"(?:OK|FAIL) DOWNLOAD: .*, (\d+) bytes", log)
    return {"server_logins": len(re.findall(r"\] OK LOGIN: ", log)),
            "server_commands": len(re.findall(r"\] FTP command: ", log)),
            "server_transfers": len(re.findall(r"FTP command: .*\"RETR ", log)),
            "server_sent_bytes": sum(map(int, sent))}


def bytes_read(traces, files):
    """How many bytes were read from the files, by the outputs of `strace -ff -y`, one for each thread. What is mapped
    counts as read."""
    files = set(files)
    total = 0
    for text in traces:
        for call, arguments, result in CALL.findall(text):
            if files.intersection(DESCRIPTOR.findall(arguments)):
                total += int(arguments.split(", ")[1] if call == "mmap" else result)
    return total
