"""What a reader must know about the machine and the programs to judge the figures."""

import datetime
import os
import re
import subprocess
from pathlib import Path

PACKAGES = ("tar", "gzip", "pigz", "zip", "unzip", "libarchive-tools", "curl", "restic", "borgbackup", "vsftpd",
            "openssh-server", "libssh2-1", "libisal2", "libdeflate0", "libssl3")
BUSY_LOAD = 0.5


def describe(folder, osbackup):
    """Facts about this machine, the file system that `folder` is on, and the versions, for the table and the JSON."""
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": first_match(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")) or "unknown CPU",
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(first_match(r"MemTotal:\s*(\d+)", Path("/proc/meminfo"))) // 1024,
        "kernel": os.uname().release,
        "system": first_match(r'PRETTY_NAME="?([^"\n]+)', Path("/etc/os-release")) or "unknown system",
        "file_system": output("findmnt", "-no", "FSTYPE", "-T", str(folder)).split("\n")[0] or "unknown",
        "rotational": rotational(folder),
        "load_before": round(os.getloadavg()[0], 2),
        "osbackup": output(str(osbackup), "--version").replace("osbackup", "").strip() or "unknown",
        "commit": output("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty") or "unknown",
        "packages": {name: version for name in PACKAGES if (version := package_version(name))},
    }


def sentences(facts):
    """The facts as the lines above a table."""
    # Virtual disks often say that they rotate, so this is Linux's word and not ours.
    disk = {True: "a disk that Linux calls rotating", False: "a disk that Linux calls not rotating",
            None: "a disk of unknown kind"}
    lines = [
        f"Measured on {facts['date']}: {facts['cpu']}, {facts['cores']} cores, {facts['memory_mib']} MiB of memory, "
        f"{facts['system']}, Linux {facts['kernel']}, {facts['file_system']} on {disk[facts['rotational']]}.",
        f"osbackup {facts['osbackup']} (commit {facts['commit']}); "
        + ", ".join(f"{name} {version}" for name, version in facts["packages"].items()) + ".",
    ]
    if facts["load_before"] > BUSY_LOAD:
        lines.append(f"The machine was not idle when it began: load average {facts['load_before']}.")
    return lines


def first_match(pattern, file):
    found = re.search(pattern, file.read_text()) if file.exists() else None
    return found.group(1).strip() if found else None


def output(*command):
    """What it prints, empty when it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def package_version(name):
    return output("dpkg-query", "-W", "-f", "${Version}", name)


def rotational(folder):
    """Whether the disk below `folder` says that it rotates; None when it says nothing."""
    device = os.stat(folder).st_dev
    disk = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    for place in (disk / "queue", disk.resolve().parent / "queue"):  # Of the disk, or of a partition's disk.
        if (place / "rotational").exists():
            return (place / "rotational").read_text().strip() == "1"
    return None
