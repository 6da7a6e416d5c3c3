"""What is got out of damaged archives, and what is said of the rest."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support_host import Host
from support_restore import found_in

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reader"))
from archive_reader import Archive, raw_text  # noqa: E402

FILES = 60


@pytest.fixture
def host(programs, tmp_path, ftp_server):
    """A host that reports to nobody."""
    return Host(programs, tmp_path / "host", ftp_server)


def flip(archive, offset, length=1):
    """Changes bytes."""
    raw = bytearray(archive.read_bytes())
    for at in range(offset, offset + length):
        raw[at] ^= 0x04
    archive.write_bytes(raw)


def run(host, *arguments, expect):
    """The messages with --json, and what was said for people."""
    _, out, said = host.run(*arguments, "--json", expect=expect)
    return [json.loads(line) for line in out.splitlines()], said


def paths_of(messages, **fields):
    return sorted(message["path"] for message in messages
                  if message.get("path") and all(message.get(name) == value for name, value in fields.items()))


# --- a gzip member


@pytest.fixture
def archive(host):
    """Of small files of text that are all in one gzip member; and its place."""
    for number in range(FILES):
        words = os.urandom(600).hex()
        (host.source / f"file-{number:02}").write_text(words)
    os.symlink("file-00", host.source / "link")
    (host.source / "zone").mkdir()
    host.run("backup", expect=0)
    return host.archives()[0]


def member_of(archive):
    """The offset and the length of the one member of the files."""
    opened = Archive(archive)
    places = {(opened.directories[line["dir"]]["offset"] + line["member"], line["span"]) for line in opened.lines()
              if b"/file-" in raw_text(line, "path")}
    (place,) = places
    return place


def test_a_flipped_bit_costs_what_lies_at_it_and_check_names_the_same(host, archive, tmp_path):
    offset, length = member_of(archive)
    source = found_in(host.folder, "source", with_folders=True)
    flip(archive, offset + length - 3000)

    host.run("restore", "latest", "--target", str(tmp_path / "1"), expect=6)
    told, _ = run(host, "restore", "latest", "--target", str(tmp_path / "2"), "--keep-going", expect=6)
    checked, _ = run(host, "check", "--read-data", expect=6)

    lost = paths_of(told, kind="damaged")
    assert 1 <= len(lost) <= FILES // 4, lost
    assert paths_of(checked, message_type="finding") == lost
    restored = found_in(tmp_path / "2" / str(host.folder)[1:], "source", with_folders=True)
    prefix = str(host.folder) + "/"
    assert sorted(source.keys() - restored.keys()) == [os.fsencode(path.removeprefix(prefix)) for path in lost]
    for path, found in restored.items():
        if path != b"source":
            assert (found.digest, found.mode, found.mtime) == (source[path].digest, source[path].mode,
                                                               source[path].mtime), path


@pytest.mark.parametrize("at", [0, 17, -8, -4])
def test_a_member_with_a_damaged_header_or_trailer_costs_no_object_and_is_told(host, archive, tmp_path, at):
    offset, length = member_of(archive)
    flip(archive, offset + at if at >= 0 else offset + length + at)

    _, said = run(host, "restore", "latest", "--target", str(tmp_path / "1"), expect=6)
    assert "--keep-going gets out what can be had" in said
    told, _ = run(host, "restore", "latest", "--target", str(tmp_path / "2"), "--keep-going", expect=6)
    checked, _ = run(host, "check", "--read-data", expect=6)

    assert ", but all that is wanted of it is whole" in json.dumps(told)
    assert (told[-1]["damaged"], told[-1]["files"]) == (1, FILES + 1)
    (finding,) = [message for message in checked if message["message_type"] == "finding"]
    assert "; but the objects in it are whole" in finding["problem"]


# --- a file in several gzip members


@pytest.fixture
def large(host):
    """The members of a file of 5.5 MB: the archive, and where each begins and ends in it."""
    (host.source / "large").write_bytes(os.urandom(5_500_000))
    os.link(host.source / "large", host.source / "large-link")
    host.run("backup", expect=0)
    (archive,) = host.archives()
    opened = Archive(archive)
    (line,) = [line for line in opened.lines() if line["path"].endswith("/large")]
    raw = archive.read_bytes()
    begin = opened.directories[line["dir"]]["offset"] + line["member"]
    ends = [begin]
    while ends[-1] < begin + line["span"]:
        ends.append(ends[-1] + int.from_bytes(raw[ends[-1] + 16:ends[-1] + 24], "little"))
    assert ends[-1] == begin + line["span"]
    return archive, list(zip(ends, ends[1:]))


def contents_of_large(host, large, tmp_path, damaged):
    """What `restore --keep-going` and `check` make of the archive with these stretches of zeros: the files of the
    source with their content, the lines of restore, and the findings."""
    archive, _ = large
    raw = bytearray(archive.read_bytes())
    for begin, end in damaged:
        assert any(raw[begin:end])
        raw[begin:end] = bytes(end - begin)
    archive.write_bytes(raw)
    _, said = run(host, "restore", "latest", "--target", str(tmp_path / "1"), expect=6)
    assert "--keep-going gets out what can be had" in said
    told, _ = run(host, "restore", "latest", "--target", str(tmp_path / "2"), "--keep-going", expect=6)
    checked, _ = run(host, "check", "--read-data", expect=6)
    found = {path.name: path.read_bytes() for path in (tmp_path / "2" / str(host.source)[1:]).iterdir()
             if path.name.startswith("large")}
    return found, told, [message for message in checked if message["message_type"] == "finding"]


@pytest.mark.parametrize("number", [0, 1, 3, -1])
@pytest.mark.parametrize("where", ["header", "trailer"])
def test_a_large_file_is_whole_when_its_members_have_no_header_or_trailer(host, large, tmp_path, number, where):
    content = (host.source / "large").read_bytes()
    begin, end = large[1][number]
    damaged = (begin, begin + 24) if where == "header" else (end - 8, end)

    found, told, findings = contents_of_large(host, large, tmp_path, [damaged])

    assert found == {"large": content, "large-link": content}
    assert "large are damaged, but all of it is whole: " in json.dumps(told)
    (finding,) = findings
    assert "large are damaged, but all of it is whole: " in finding["problem"] and "path" not in finding
    assert told[-1]["damaged"] == 1


def test_of_a_large_file_the_members_around_a_damaged_sector_are_lost_alone(host, large, tmp_path):
    content = (host.source / "large").read_bytes()
    _, members = large
    lost = members[-2][0] - 100
    mib = 1 << 20

    found, told, findings = contents_of_large(host, large, tmp_path, [(lost, lost + 512)])

    assert list(found) == ["large.damaged"]
    kept = found["large.damaged"]
    places = [at for at in range(0, len(content), 4096) if kept[at:at + 4096] != content[at:at + 4096]]
    assert len(kept) == len(content) and 2 * mib >= places[-1] - places[0] >= 2 * mib - 2 * 4096
    assert not any(kept[places[0] + 4096:places[-1]])
    prefix = f"{host.source}/"
    assert paths_of(told, message_type="warning") == [prefix + "large", prefix + "large-link"]
    assert sorted(finding["path"] for finding in findings) == [prefix + "large", prefix + "large-link"]
    (reason,) = [message["reason"] for message in told if message.get("path") == prefix + "large"]
    assert "2.0 MiB of its 5.2 MiB, from byte " in reason and reason.endswith("large.damaged")


def test_of_a_large_file_without_its_first_member_the_rest_is_kept(host, large, tmp_path):
    content = (host.source / "large").read_bytes()
    begin, end = large[1][0]

    found, told, _ = contents_of_large(host, large, tmp_path, [(begin, end)])

    kept = found["large.damaged"]
    first = len(kept) - len(kept.lstrip(b"\0"))
    assert 1_000_000 < first < 1 << 20
    assert kept[first:] == content[first:]


def test_hard_links_to_what_is_lost_are_lost_and_check_names_them_too(host, tmp_path):
    (host.source / "a").write_bytes(os.urandom(100_000))
    (host.source / "m").write_bytes(os.urandom(3_000_000))
    os.link(host.source / "a", host.source / "z")
    host.run("backup", expect=0)
    (archive,) = host.archives()
    opened = Archive(archive)
    lines = {Path(line["path"]).name: line for line in opened.lines()}
    assert lines["z"]["member"] != lines["a"]["member"]
    flip(archive, opened.directories[0]["offset"] + lines["a"]["member"] + lines["a"]["span"] - 20_000)

    told, _ = run(host, "restore", "latest", "--target", str(tmp_path / "1"), "--keep-going", expect=6)
    checked, _ = run(host, "check", "--read-data", expect=6)

    lost = [f"{host.source}/{name}" for name in ("a", "z")]
    assert paths_of(told, message_type="warning") == lost
    assert paths_of(checked, message_type="finding") == lost


# --- archives without an index


@pytest.fixture
def made_by_hand(host):
    """An archive of one tar, made with tar and zip: a.key, m.bin and z1 to z20."""
    etc = host.folder / "etc"
    etc.mkdir()
    (etc / "a.key").write_bytes(os.urandom(400_000))
    (etc / "m.bin").write_bytes(os.urandom(3_000_000))
    for number in range(1, 21):
        (etc / f"z{number}").write_text(f"{number}\n" * 500)
    subprocess.run(["tar", "--sort=name", "-czf", "etc.tar.gz", "etc"], cwd=host.folder, check=True)
    archive = host.ftp_server.root / host.sections["Ftp"]["ftpdir"] / "testhost+192.0.2.7+20261001T000000Z.zip"
    archive.parent.mkdir(exist_ok=True)
    subprocess.run(["zip", "-q0", archive, "etc.tar.gz"], cwd=host.folder, check=True)
    return archive


def contents_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_without_an_index_a_wrong_crc_is_said_of_the_tar_and_all_of_it_comes_back(host, made_by_hand, tmp_path):
    flip(made_by_hand, 100_000, 100)
    source = contents_in(host.folder / "etc")

    _, said = run(host, "restore", "latest", "--target", str(tmp_path / "1"), expect=6)
    told, _ = run(host, "restore", "latest", "--target", str(tmp_path / "2"), "--keep-going", expect=6)

    of_the_tar = "etc.tar.gz: the gzip member at byte 0 has another CRC or length than its trailer says; the damage " \
                 "may be in anything that comes from it"
    assert of_the_tar in said
    assert [message["reason"] for message in told if message.get("kind") == "damaged"] == [of_the_tar]
    assert paths_of(told, kind="damaged") == []
    restored = contents_in(tmp_path / "2" / "etc")
    assert restored.keys() == source.keys()
    assert [name for name in source if restored[name] != source[name]] == ["a.key"]
    assert (told[-1]["damaged"], told[-1]["files"]) == (1, 22)


def test_without_an_index_what_lies_behind_a_cut_is_said_to_be_lost(host, made_by_hand, tmp_path):
    with zipfile.ZipFile(made_by_hand) as opened:
        packed = opened.read("etc.tar.gz")
    cut = host.folder / "etc.tar.gz"
    cut.write_bytes(packed[:2_000_000])
    subprocess.run(["zip", "-q0", made_by_hand, "etc.tar.gz"], cwd=host.folder, check=True)

    told, _ = run(host, "restore", "latest", "--target", str(tmp_path), "--keep-going", expect=6)

    assert paths_of(told, kind="damaged") == ["/etc/m.bin"]
    said = [each["reason"] for each in told if each.get("kind") == "damaged" and not each.get("path")]
    assert said == ["etc.tar.gz: what lies behind etc/m.bin in it is lost, and the damage may be in anything that "
                    "comes from it"]
    assert sorted(contents_in(tmp_path / "etc")) == ["a.key", "m.bin.damaged"]
