"""What a program read and said to get one file: from its own words, the servers' logs, and strace."""

import json
import re

READING_CALLS = ("read", "pread64", "readv", "preadv", "preadv2", "sendfile", "copy_file_range", "splice", "mmap")
SENDING_CALLS = ("sendto", "sendmsg", "write", "writev", "recvfrom", "recvmsg", "read", "readv")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (\d+|0x[0-9a-f]+)", re.MULTILINE)  # That succeeded.
DESCRIPTOR = re.compile(r"\d<([^>]*)>")  # With -y, strace puts the path behind it, with -yy a connection.


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
            "requests": len(re.findall(r"\] FTP command: ", log)),
            "server_transfers": len(re.findall(r"FTP command: .*\"RETR ", log)),
            "server_sent_bytes": sum(map(int, sent))}


def logged_by_sshd(log):
    """What sshd says of it: the logins alone."""
    return {"server_logins": len(re.findall(r"^Accepted publickey for ", log, re.MULTILINE))}


def sent_over(traces, port):
    """What went over the connections to a server at `port`, by the outputs of `strace -ff -yy`: how often the client
    sent something, and the bytes that it received, SSH's own among them. libssh2 sends each packet by itself."""
    connection = re.compile(rf"^\d+<TCP:\[[^]]*->[^]]*:{port}\]>")
    requests = received = 0
    for text in traces:
        for call, arguments, result in CALL.findall(text):
            if connection.match(arguments) and "MSG_PEEK" not in arguments:
                if call.startswith(("send", "write")):
                    requests += 1
                else:
                    received += int(result)
    return {"requests": requests, "server_sent_bytes": received}


def bytes_read(traces, files):
    """How many bytes were read from the files, by the outputs of `strace -ff -yy`, one for each thread. What is mapped
    counts as read."""
    files = set(files)
    total = 0
    for text in traces:
        for call, arguments, result in CALL.findall(text):
            if files.intersection(DESCRIPTOR.findall(arguments)):
                total += int(arguments.split(", ")[1] if call == "mmap" else result)
    return total
