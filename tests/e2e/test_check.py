"""check: what it says of archives that are whole, and of those that are not."""

import hashlib
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from support_host import Host

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reader"))
from archive_reader import Archive  # noqa: E402

KIB = 1 << 10
DESCRIPTOR_BYTES = 24


@pytest.fixture
def host(programs, tmp_path, ftp_server):
    """A host that reports to nobody."""
    return Host(programs, tmp_path / "host", ftp_server)


@pytest.fixture
def archive(host):
    """The archive of the host's source: small files, and two that take several gzip members."""
    source = host.source
    for number in range(20):
        (source / f"small-{number:02}").write_bytes(os.urandom(30 * KIB))
    (source / "large").write_bytes(os.urandom(3 * KIB * KIB))
    (source / "larger").write_bytes(os.urandom(5 * KIB * KIB))
    os.link(source / "small-00", source / "small-00-linked")
    os.symlink("nowhere", source / "link")
    return back_up(host)


def back_up(host):
    host.run("backup", expect=0)
    return host.archives()[-1]


def flip(file, offset):
    """Changes one byte."""
    with open(file, "r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)[0]
        opened.seek(offset)
        opened.write(bytes([byte ^ 0x10]))


def data_entry(archive):
    """The zip entry of the source."""
    return next(info for info in zipfile.ZipFile(archive).infolist() if not info.filename.startswith("osbackup/"))


def messages(out, message_type):
    found = [json.loads(line) for line in out.splitlines()]
    return [message for message in found if message["message_type"] == message_type]


def check(host, *options):
    """Checks with --json: the exit code, the findings, and the result of each archive."""
    code, out, _ = host.run("check", "--json", *options)
    return code, messages(out, "finding"), messages(out, "check")


def finding(host, *options):
    """The one finding of a check that found damage."""
    code, findings, results = check(host, *options)
    assert code == 6, findings
    assert [result["result"] for result in results] == ["damaged"]
    assert len(findings) == 1, findings
    return findings[0]


def place_of(archive, path):
    """Where the members of a path lie in the archive: their offset and length."""
    opened = Archive(archive)
    line = opened.find(str(path).lstrip("/").encode())
    return opened.directories[line["dir"]]["offset"] + line["member"], line["span"]


# --- archives that are whole


def test_check_says_that_an_archive_is_whole(host, archive):
    _, out, _ = host.run("check", expect=0)

    assert f"{archive.name}: ok\n" in out
    assert "1 archive checked, all good" in out


def test_check_reads_little_of_an_archive_unless_it_is_told_to(host, archive):
    _, out, _ = host.run("check", "--json", expect=0)
    assert messages(out, "summary")[0]["bytes_fetched"] < 400 * KIB

    _, out, _ = host.run("check", "--json", "--read-data", expect=0)
    summary = messages(out, "summary")[0]
    assert summary["bytes_fetched"] > archive.stat().st_size
    assert summary["data_bytes"] == Archive(archive).directories[0]["length"]


def test_check_of_all_archives_or_of_one(host, archive):
    second = back_up(host)
    other = archive.with_name(archive.name.replace("testhost", "otherhost"))
    shutil.copy(archive, other)

    def names(*options):
        return sorted(result["archive"] for result in check(host, *options)[2])

    assert names() == sorted([archive.name, second.name])
    assert names("latest") == [second.name]
    assert names("--all-hosts") == sorted([archive.name, second.name, other.name])
    assert names("--host", "otherhost") == [other.name]
    assert host.run("check", "19990101")[0] == 10


def test_check_reads_a_share_of_the_data_with_a_seed_that_it_prints(host, archive):
    _, out, err = host.run("check", "--read-data-subset", "20%", expect=0)
    assert "reading 20 % of its data, with the seed" in err
    assert "of data read" in out

    code, _, results = check(host, "--read-data-subset", "20%")
    assert code == 0
    assert 0 < results[0]["data_bytes"] < archive.stat().st_size
    assert isinstance(results[0]["seed"], int)


def test_check_of_an_archive_without_an_index(host):
    host.configure("Archive", engine="commands")
    archive = back_up(host)

    code, findings, results = check(host, "--read-data")
    assert (code, findings, results[0]["result"], results[0]["has_index"]) == (0, [], "ok", False)
    for arguments, said in (((), "its zip alone is checked; --read-data reads its tars"),
                            (("--read-data-subset", "5%"), "there is no part of its tars to choose, all is read")):
        assert f"{archive.name} has no index: {said}\n" in host.run("check", *arguments, expect=0)[2]

    flip(archive, data_entry(archive).header_offset + data_entry(archive).compress_size - 20)
    assert "testhost" not in finding(host, "--read-data")["problem"]


def test_check_compares_the_manifest_with_what_is_expected(host, archive):
    manifest = zipfile.ZipFile(archive).read("osbackup/manifest.json")
    digest = hashlib.sha256(manifest).hexdigest()

    host.run("check", "latest", "--expect-sha256", digest, expect=0)
    wrong = finding(host, "latest", "--expect-sha256", "0" * 64)
    assert "is not the expected archive" in wrong["problem"]
    assert host.run("check", "--expect-sha256", digest)[0] == 2


# --- damage, and what is said of it


def test_check_names_the_end_of_a_truncated_archive(host, archive):
    os.truncate(archive, archive.stat().st_size - 100)

    found = finding(host)
    assert "entry" not in found
    assert "restore --keep-going" in found["meaning"]
    assert finding(host, "--read-data") == found


def test_check_names_what_is_lost_of_an_archive_that_is_cut_off(host, archive):
    offset, _ = place_of(archive, host.source / "larger")
    os.truncate(archive, offset + 2 * KIB * KIB)

    code, findings, results = check(host, "--read-data")
    assert code == 6
    assert results[0]["has_index"] is False
    assert any("larger" in found["problem"] and "lost" in found["problem"] for found in findings), findings


def test_check_names_the_manifest(host, archive):
    info = zipfile.ZipFile(archive).getinfo("osbackup/manifest.json")
    flip(archive, info.header_offset + 200)

    found = check(host)[1][0]
    assert "osbackup/manifest.json" in found["problem"]
    assert "restore --keep-going" in found["meaning"]


@pytest.mark.parametrize("name, key", [("osbackup/blocks.jsonl.gz", "blocks"),
                                       ("osbackup/warnings.jsonl.gz", "warnings"),
                                       ("osbackup/index.jsonl.gz", "index")])
def test_check_names_the_list(host, archive, name, key):
    flip(archive, Archive(archive).manifest[key]["offset"] + 30)

    found = finding(host)
    assert found["entry"] == name
    assert "digest does not match" in found["problem"]


def test_check_names_the_paths_of_a_block_of_the_index(host, archive):
    flip(archive, Archive(archive).manifest["index"]["offset"] + 30)

    found = finding(host)
    assert "small-19" in found["problem"]
    assert "in sequence" in found["meaning"]


def test_check_names_the_entry_whose_local_header_or_descriptor_is_bad(host, archive):
    entry = data_entry(archive)
    end = Archive(archive).directories[0]["offset"] + entry.compress_size

    for place in (entry.header_offset + 1, end + DESCRIPTOR_BYTES - 1):
        flip(archive, place)
        assert finding(host)["entry"] == entry.filename
        flip(archive, place)


def test_check_names_the_file_at_a_flipped_bit_of_a_gzip_member(host, archive):
    offset, span = place_of(archive, host.source / "small-03")
    flip(archive, offset + span // 2)

    assert check(host)[0] == 0
    found = finding(host, "--read-data")
    assert Path(found["path"]).name.startswith("small-")
    assert found["meaning"] == "it cannot be restored as it was; what is not named can"


def test_check_names_a_large_file(host, archive):
    offset, span = place_of(archive, host.source / "larger")
    flip(archive, offset + span // 2)

    found = finding(host, "--read-data")
    assert Path(found["path"]).name == "larger"
    _, out, _ = host.run("check", "--read-data")
    assert f"{archive.name}: damaged, 1 finding" in out
    assert "1 archive checked, 1 damaged" in out


def test_check_tells_which_of_several_archives_is_damaged(host, archive):
    second = back_up(host)
    os.truncate(archive, 1000)

    code, findings, results = check(host, "--read-data")
    assert code == 6
    assert {result["archive"]: result["result"] for result in results} == {archive.name: "damaged", second.name: "ok"}
    assert {found["archive"] for found in findings} == {archive.name}


def test_check_goes_on_when_an_archive_cannot_be_read(host, archive, ftp_server):
    second = back_up(host)
    archive.chmod(0)

    code, _, results = check(host)
    assert {result["archive"]: result["result"] for result in results} == {archive.name: "unread", second.name: "ok"}
    assert code == 3
