"""What a program read and said to get one file: from its own words, the FTP server's log, and strace."""

import re

READING_CALLS = ("read", "pread64", "readv", "preadv", "preadv2", "sendfile", "copy_file_range", "splice", "mmap")
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
FETCHED = re.compile(r"fetched ([\d.,]+) (B|bytes?|KiB|MiB|GiB) in ([\d,]+) range reads?(?:, ([\d,]+) logins?)?")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (\d+|0x[0-9a-f]+)", re.MULTILINE)  # That succeeded.
DESCRIPTOR = re.compile(r"\d<([^>]*)>")  # With -y, strace puts the path behind it.


def told_by_osbackup(said):
    """What `osbackup dump -v` says that it fetched; nothing when it says nothing."""
    found = FETCHED.search(said)
    if not found:
        return {}
    number, unit, reads, logins = (group and group.replace(",", "") for group in found.groups())
    return {"fetched_bytes": round(float(number) * UNITS.get(unit, 1)), "range_reads": int(reads),
            **({"logins": int(logins)} if logins else {})}


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
