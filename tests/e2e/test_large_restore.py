"""osbackup restore of one large file and of very many small ones in a directory, in little memory."""

import os
import random
import shutil

import pytest

from support_host import Host
from support_hostile import is_sanitized
from support_measured import Starter
from support_restore import differences, found_in

MIB = 1 << 20
SEED = 20261126
SMALL_FILES = 40_000
PIECES = 50
PIECE_BYTES = 3 * MIB
HOLE_BYTES = 3 * MIB  # Behind each piece.
MEMORY_BYTES_MAX = 128 * MIB
SECONDS_MAX = 60


@pytest.fixture
def starter():
    small = Starter()
    yield small
    small.close()


@pytest.fixture
def host(programs, tmp_path, ftp_server):
    host = Host(programs, tmp_path / "host", ftp_server)
    yield host
    shutil.rmtree(host.folder)


def add_large_file(folder):
    """300 MiB: noise, what compresses, and holes."""
    chance = random.Random(SEED)
    with open(folder / "large", "xb") as file:
        for number in range(PIECES):
            text = b"%d compresses well\n" % number
            file.write(chance.randbytes(PIECE_BYTES) if number % 5 else text * (PIECE_BYTES // len(text)))
            file.seek(HOLE_BYTES, os.SEEK_CUR)
        file.truncate()


def add_small_files(folder):
    chance = random.Random(SEED)
    many = folder / "many"
    many.mkdir()
    for number in range(SMALL_FILES):
        (many / f"{number}").write_bytes(chance.randbytes(chance.randrange(300)))


@pytest.mark.parametrize("add, threads", [(add_large_file, 2), (add_small_files, 8)],
                         ids=["a large file", "many small files"])
def test_much_comes_back_in_little_memory(host, tmp_path, starter, add, threads):
    add(host.source)
    source = found_in(host.folder, "source", with_folders=True)
    host.configure("Run", threads=threads)
    host.run("backup", expect=0)
    target = tmp_path / "target"
    scale = 10 if is_sanitized(host.program) else 1

    ended = starter.run(host.command("restore", "latest", "--target", str(target)), SECONDS_MAX * scale)

    restored = found_in(target / str(host.folder)[1:], "source", with_folders=True)
    shutil.rmtree(target)
    assert ended.code == 0, ended.described()
    assert differences(source, restored) == []
    assert all(found.blocks <= source[path].blocks + MIB // 512 for path, found in restored.items())
    assert ended.memory_bytes < MEMORY_BYTES_MAX * scale, ended.described()
