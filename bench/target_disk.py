"""Where a restore goes: a file system that is new before each run."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from measuring import Failed

SPARE_BYTES = 1 << 30
SPARE_INODES = 10_000
BLOCK_BYTES = 4096
# What is restored, and the .tar.gz files that lie beside it for a while.
COPIES = 2
UNMOUNT_SECONDS = 20
POLL_SECONDS = 0.1


class TargetDisk:
    """An ext4 in a sparse file, mounted while a run lasts.

    A folder whose last content was just removed would not do: a run would pay for what the one before it left. ext4
    without a journal, for one, gives no inode away that was in use a minute ago, and looks through all of these for
    each new file.
    """

    def __init__(self, image, mount_point):
        self.image = Path(image)
        self.mount_point = Path(mount_point)

    def make(self, counts):
        """Makes and mounts an empty one with room for a tree of these counts. Throws Failed."""
        self.remove()
        self.image.parent.mkdir(parents=True, exist_ok=True)
        self.mount_point.mkdir(parents=True)
        with open(self.image, "wb") as image:
            image.truncate(COPIES * (counts.content_bytes + counts.objects * BLOCK_BYTES) + SPARE_BYTES)
        run("mkfs.ext4", "-q", "-F", "-N", str(2 * counts.objects + SPARE_INODES), self.image)
        try:
            # What is written goes to the disk below at once, not into the caches a second time.
            device = run("losetup", "--find", "--show", "--direct-io=on", self.image)
        except Failed:
            device = run("losetup", "--find", "--show", self.image)  # Some file systems cannot do that.
        try:
            # The tables of inodes are not to be written in the background while something is measured.
            run("mount", "-t", "ext4", "-o", "noinit_itable", device, self.mount_point)
        finally:
            run("losetup", "--detach", device)  # As soon as it is not mounted any more.
        (self.mount_point / "lost+found").rmdir()

    def remove(self):
        """Throws Failed while something still uses it."""
        deadline = time.monotonic() + UNMOUNT_SECONDS
        while os.path.ismount(self.mount_point):
            try:
                run("umount", self.mount_point)
            except Failed:
                # What was killed a moment ago may still have files open.
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)
        shutil.rmtree(self.mount_point, ignore_errors=True)
        self.image.unlink(missing_ok=True)


def run(*command):
    try:
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise Failed(f"cannot run {command[0]}: {error}") from error
    if done.returncode != 0:
        raise Failed(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()
