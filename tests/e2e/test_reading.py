"""snapshots, ls, find and dump: what is at the destination, seen from any host that can reach it."""

import base64
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support_host import Host
from support_trouble import damage_content, slow

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reader"))
from archive_reader import Archive  # noqa: E402

MIB = 1 << 20
FETCHED = re.compile(r"fetched (\S+ \S+) in (\d+) range reads?, (\d+) logins?\n")


@pytest.fixture
def host(programs, tmp_path, ftp_server):
    """A host that reports to nobody."""
    return Host(programs, tmp_path / "host", ftp_server)


@pytest.fixture
def archive(host):
    """The archive of the host's source, with one object of each kind."""
    source = host.source
    (source / "folder").mkdir()
    (source / "folder" / "large").write_bytes(os.urandom(3 * MIB))
    os.link(source / "folder" / "large", source / "linked")
    os.symlink("folder/large", source / "link")
    os.mkfifo(source / "pipe")
    with open(source / "sparse", "wb") as file:
        file.seek(2 * MIB)
        file.write(b"end")
    Path(os.fsdecode(os.fsencode(source) + b"/new\nline\xff")).write_bytes(b"odd")
    os.utime(source / "hello.txt", (1_600_000_000, 1_600_000_000))
    return back_up(host)


def back_up(host):
    host.run("backup", expect=0)
    return host.archives()[-1]


def objects(out):
    return [json.loads(line) for line in out.splitlines()]


def of_type(out, message_type):
    return [found for found in objects(out) if found["message_type"] == message_type]


def dump(host, path, *options):
    """Dumps a path of the latest archive, or ARCHIVE:PATH: what was written, as bytes; the exit code; what was said."""
    place = path if ":" in path else f"latest:{path}"
    done = subprocess.run(host.command("dump", place, *options), capture_output=True, timeout=300)
    return done.stdout, done.returncode, done.stderr.decode(errors="replace")


def copied_as(archive, name):
    """The same archive under another name."""
    copy = archive.with_name(name)
    shutil.copy(archive, copy)
    shutil.chown(copy, "ftp")
    return copy


# --- snapshots


def test_snapshots_lists_the_archives_of_this_host(host, archive):
    copied_as(archive, "testhost+192.0.2.7+20200101T000000Z.zip")
    copied_as(archive, "other+192.0.2.8+20210101T000000Z.zip")

    _, out, _ = host.run("snapshots", expect=0, env={"TZ": "UTC"})
    first, second = out.splitlines()

    assert first.startswith("testhost+192.0.2.7+20200101T000000Z.zip  2020-01-01 00:00:00  full  ")
    assert second.startswith(archive.name + "  ")


def test_snapshots_lists_those_of_other_hosts_and_of_all(host, archive):
    other = copied_as(archive, "other+192.0.2.8+20210101T000000Z.zip")

    _, out, _ = host.run("snapshots", "--host", "other", expect=0)
    assert out.startswith(other.name)
    _, out, _ = host.run("list", "--all-hosts", "--json", expect=0)

    first, second, summary = objects(out)
    assert first == {"message_type": "snapshot", "name": other.name, "hostname": "other", "ip": "192.0.2.8",
                     "time": "2021-01-01T00:00:00Z", "kind": "full", "bytes": other.stat().st_size}
    assert second["name"] == archive.name
    assert (summary["message_type"], summary["snapshots"], summary["exit_code"]) == ("summary", 2, 0)


def test_what_is_not_there_is_said_with_what_is(host, archive):
    _, _, said = host.run("snapshots", "--host", "nobody", expect=10)
    assert ("there is no archive of the host nobody; there are archives of the hosts testhost: "
            "name one with --host") in said
    _, _, said = host.run("ls", "1999", expect=10)
    assert "there is no archive of testhost from 1999; there are " + archive.name in said

    host.configure("Ftp", ftpdir="nowhere")
    _, _, said = host.run("snapshots", expect=10)
    assert "nowhere: there is no archive: the destination is empty, or its directory is not there" in said


def test_an_archive_is_found_by_its_name_in_the_directory_of_its_host(host):
    host.configure("Ftp", ftpdir="backups/{hostname}")
    host.run("backup", expect=0)
    (archive,) = (host.ftp_server.root / "backups" / "testhost").glob("*.zip")
    host.configure("Run", hostname="otherhost")

    _, out, said = host.run("ls", archive.name, f"{host.source}/hello.txt", "-v", expect=0)

    assert out == f"{host.source}/hello.txt\n"
    assert FETCHED.fullmatch(said)


def test_the_archives_of_a_host_that_was_renamed_with_its_directory_are_read(host):
    host.configure("Ftp", ftpdir="backups/{hostname}")
    host.run("backup", expect=0)
    (host.ftp_server.root / "backups" / "testhost").rename(host.ftp_server.root / "backups" / "otherhost")
    (archive,) = (host.ftp_server.root / "backups" / "otherhost").glob("*.zip")
    host.configure("Run", hostname="otherhost")
    hello = f"{host.source}/hello.txt"

    _, out, _ = host.run("find", "hello.txt", "--all-hosts", expect=0)
    assert out == f"{archive.name}:{hello}\n"
    host.run("check", "--all-hosts", expect=0)
    assert dump(host, out.strip())[0] == b"hello\n"
    host.configure("Run", hostname="thirdhost")
    assert host.run("ls", archive.name, hello, "--host", "otherhost", expect=0)[1] == f"{hello}\n"
    _, _, said = host.run("ls", archive.name, expect=10)
    assert "/backups/testhost: there is no archive: " in said and "; nor is it in ftp://" in said
    assert said.endswith("/backups/thirdhost\n")


def test_a_snapshot_that_may_be_several_is_refused_with_their_names(host, archive):
    other = copied_as(archive, "testhost+192.0.2.7+20200101T000000Z.zip")

    _, _, said = host.run("ls", "20", expect=2)

    assert archive.name in said and other.name in said


def test_a_refused_login_and_a_wrong_command_line_have_their_exit_codes(host, archive):
    host.configure("Ftp", password="wrong")
    host.run("snapshots", expect=12)
    host.run("ls", expect=2)
    host.run("ls", "latest", "--config", "/nonexistent", expect=2)


@pytest.mark.parametrize("words, code", [(("ls",), 2), (("find", "--config", "/nonexistent"), 2),
                                         (("ls", "latest", "--config", "/nonexistent"), 2),
                                         (("ls", "latest", "--host", "nobody"), 10), (("dump", "x"), 2),
                                         (("dump", "latest:/none"), 1), (("restore", "1999", "--target", "/x"), 10)])
def test_a_failure_as_json_ends_with_its_summary(host, archive, words, code):
    _, out, said = host.run(*words, "--json", expect=code)

    talk = [line for line in said.splitlines() if line.startswith("{")] if words[0] == "dump" else out.splitlines()
    error, summary = map(json.loads, talk)
    assert (error["message_type"], summary["message_type"], summary["exit_code"]) == ("error", "summary", code)
    assert error["message"]


@pytest.mark.parametrize("words", [("--config", "FILE", "--json", "dump", "nope"),
                                   ("--json", "--config", "FILE", "dump", "latest:/x", "--wrong"),
                                   ("--config=FILE", "--json", "dump", "latest:/x", "--wrong"),
                                   ("--wrong", "--config", "FILE", "--json", "dump", "latest:/x")])
def test_an_error_as_json_never_gets_into_what_is_dumped(programs, words):
    done = subprocess.run([programs / "osbackup", *words], capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout) == (2, "")
    assert [found["message_type"] for found in objects(done.stderr)] == ["error", "summary"]


def test_an_option_with_a_commands_name_is_not_taken_for_it(programs):
    done = subprocess.run([programs / "osbackup", "--config", "dump", "--json", "ls"], capture_output=True, text=True,
                          timeout=60)

    assert [found["message_type"] for found in objects(done.stdout)] == ["error", "summary"]


def test_an_ordinary_user_reads_with_a_configuration_of_his_own(host, archive):
    host.drop("BackupDirs")
    own = host.ftp_server.folder / "own.conf"  # Below pytest's folder only root may look.
    shutil.copy(host.configuration, own)
    shutil.chown(own, "nobody", "nogroup")
    command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", host.program, "ls", "latest"]

    done = subprocess.run([*command, "--config", own], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert f"{host.source}/hello.txt\n" in done.stdout


# --- ls


def test_ls_shows_every_object_or_a_part(host, archive):
    _, out, _ = host.run("ls", "latest", expect=0)
    lines = out.splitlines()
    assert str(host.source) in lines and f"{host.source}/folder/large" in lines
    assert f"{host.source}/new\\nline\\xff" in lines

    _, out, _ = host.run("ls", archive.name, f"{host.source}/folder/", expect=0)
    assert out.splitlines() == [f"{host.source}/folder", f"{host.source}/folder/large"]
    _, out, _ = host.run("ls", "latest", str(host.source), "--depth", "1", expect=0)
    assert f"{host.source}/folder" in out and "large" not in out

    _, out, said = host.run("ls", "latest", "/etc", expect=1)
    assert (out, said) == ("", "osbackup: /etc is not in the archive\n")


def test_ls_tells_what_lies_deeper_than_it_shows(host, archive):
    above = str(host.source.parent)

    _, out, said = host.run("ls", "latest", str(host.source.parent.parent), "--depth", "1", expect=0)
    assert (out, said) == ("", f"warning: {host.source}: it lies deeper than --depth 1 shows, and of what is "
                               "above it the archive has nothing\n")
    _, out, said = host.run("ls", "latest", above, "--depth", "1", expect=0)
    assert (out, said) == (f"{host.source}\n", "")


def test_ls_shows_details_as_ls_does(host, archive):
    os_lines = {}
    for line in subprocess.check_output(["ls", "-lnb", "--time-style=long-iso", host.source], text=True,
                                        env={"TZ": "UTC", "PATH": os.environ["PATH"]}).splitlines()[1:]:
        mode, links, _, _, size, day, hour, name = line.split(maxsplit=7)
        os_lines[name] = (mode, links, size if mode[0] == "-" else "0", day, hour)

    _, out, _ = host.run("ls", "-l", "latest", str(host.source), "--depth", "1", expect=0, env={"TZ": "UTC"})

    for line in out.splitlines()[1:]:
        mode, links, user, _, size, day, hour, path = line.split(maxsplit=7)
        name = path.removeprefix(f"{host.source}/").removesuffix(f" link to {host.source}/folder/large")
        if name != "new\\nline\\xff":
            assert (mode, links, size, day, hour) == os_lines[name] and user == "root", line


def test_ls_gives_all_of_the_index_as_json(host, archive):
    _, out, _ = host.run("ls", "--json", "latest", expect=0)

    lines = list(Archive(archive).lines())
    assert of_type(out, "node") == [{"message_type": "node", **line} for line in lines]
    odd = os.fsencode(host.source)[1:] + b"/new\nline\xff"
    assert base64.b64encode(odd).decode() in [line.get("path_b64") for line in of_type(out, "node")]
    (summary,) = of_type(out, "summary")
    assert (summary["objects"], summary["exit_code"], summary["logins"] > 0) == (len(lines), 0, True)


def test_ls_names_damage_in_the_index(host, archive):
    reader = Archive(archive)
    index = reader.manifest["index"]
    with open(archive, "r+b") as file:
        file.seek(index["offset"] + index["length"] // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))

    _, _, said = host.run("ls", "latest", expect=6)

    assert "osbackup/index.jsonl.gz, the block at byte 0 with " in said


# --- find


def test_find_tells_which_archives_have_a_path(host, archive):
    (host.source / "hello.txt").unlink()
    (host.source / "folder" / "hello.txt").write_text("again")
    # An archive is named for its second: two of one second would be told apart by nothing.
    time.sleep(1.1)  # An archive is named for its second.
    second = back_up(host)

    _, out, _ = host.run("find", "hello.*", expect=0)
    assert out.splitlines() == [f"{archive.name}:{host.source}/hello.txt",
                                f"{second.name}:{host.source}/folder/hello.txt"]
    assert dump(host, out.splitlines()[1])[0] == b"again"
    _, out, _ = host.run("find", f"{host.source}/hello.txt", "--json", expect=0)
    (match,) = of_type(out, "match")
    assert (match["archive"], match["path"]) == (archive.name, f"{host.source}/hello.txt"[1:])
    _, out, _ = host.run("find", "hello.txt", "--newer", "1d", expect=0)
    assert out.splitlines() == [f"{second.name}:{host.source}/folder/hello.txt"]
    _, out, said = host.run("find", "hello.txt", "--older", "2000-01-01", expect=0)
    assert (out, said) == ("", "nothing found in 2 archives\n")


def test_find_names_bad_archives_and_goes_on(host, archive):
    bad = copied_as(archive, "testhost+192.0.2.7+20200101T000000Z.zip")
    os.truncate(bad, 1000)
    forbidden = copied_as(archive, "testhost+192.0.2.7+20190101T000000Z.zip")
    forbidden.chmod(0)
    copied_as(archive, "other+192.0.2.8+20210101T000000Z.zip")

    _, out, said = host.run("find", "linked", "--all-hosts", expect=3)

    assert len(out.splitlines()) == 2
    assert f"{bad.name}: the zip's end record is not at its end" in said
    assert f"{forbidden.name}: " in said


# --- dump


def test_dump_writes_the_content_of_a_file(host, archive):
    for name in ("hello.txt", "folder/large", "linked", "sparse"):
        content, code, said = dump(host, f"{host.source}/{name}")
        assert (content == (host.source / name).read_bytes(), code, said) == (True, 0, ""), name


def test_dump_says_what_to_do_with_what_is_no_file(host, archive):
    for name, words in (("folder", "is a directory: dump a file in it, or restore it"),
                        ("link", "is a symbolic link to folder/large: dump what it leads to"),
                        ("pipe", "is a FIFO or a device")):
        content, code, said = dump(host, f"{host.source}/{name}")
        assert (content, code) == (b"", 2) and words in said
    assert dump(host, "/etc/none")[1] == 1


def test_dump_fetches_little_and_says_how_much(host, archive):
    (host.source / "noise").write_bytes(os.urandom(40 * MIB))
    (host.source / "wanted").write_bytes(os.urandom(MIB))
    # An archive is named for its second: two of one second would be told apart by nothing.
    time.sleep(1.1)  # An archive is named for its second.
    assert back_up(host).stat().st_size > 40 * MIB

    content, code, said = dump(host, f"{host.source}/wanted", "-v")

    assert (code, content) == (0, (host.source / "wanted").read_bytes())
    fetched, reads, logins = FETCHED.fullmatch(said).groups()
    assert int(reads) <= 5 and int(logins) <= int(reads) + 1
    number, unit = fetched.split()
    assert float(number) * {"KiB": 1 / 1024, "MiB": 1}[unit] < 2


def test_dump_finds_damage(host, archive):
    damage_content(archive, host.source / "folder" / "large")

    content, code, said = dump(host, f"{host.source}/folder/large")

    assert code == 6
    assert (host.source / "folder" / "large").read_bytes().startswith(content), "what was written is what was there"
    assert said.startswith(f"osbackup: {host.source}/folder/large: ") and ": the member at byte " in said
    assert "what was written is not to be trusted" in said
    _, _, said = dump(host, f"{host.source}/folder/large", "--json")
    assert [found["message_type"] for found in objects(said)] == ["error", "summary"]


def test_a_pipe_that_nobody_reads_ends_quietly(host, archive):
    for arguments in (("dump", f"latest:{host.source}/folder/large"), ("ls", "latest")):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(host.command(*arguments), stdout=write, stderr=subprocess.PIPE, timeout=60)
        os.close(write)
        assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_a_signal_ends_a_dump_whose_reader_is_slow(host, archive):
    reading = host.start("dump", f"latest:{host.source}/folder/large")
    assert reading.stdout.read(1)

    reading.send_signal(signal.SIGUSR1)
    assert re.match(r"\S+ s  reading  \d+ %, 0 of 1 object, ", reading.stderr.readline())
    reading.send_signal(signal.SIGTERM)

    assert reading.wait(timeout=60) == 128 + signal.SIGTERM
    assert reading.stderr.read() == "osbackup: stopped\n"


def test_a_connection_that_breaks_is_taken_up_again(host, archive, ftp_server):
    host.configure("Ftp", retries=4)
    slow(ftp_server, MIB)
    reading = subprocess.Popen(host.command("dump", f"latest:{host.source}/folder/large"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    begin = reading.stdout.read(MIB // 2)
    ftp_server.cut_sessions()
    rest, said = reading.communicate(timeout=120)

    assert reading.returncode == 0, said
    assert begin + rest == (host.source / "folder" / "large").read_bytes()
    assert b"trying again" in said


# --- archives without an index


@pytest.fixture
def plain_archive(host):
    host.configure("Archive", engine="commands")
    (host.source / "folder").mkdir()
    (host.source / "folder" / "x").write_bytes(os.urandom(MIB))
    os.link(host.source / "folder" / "x", host.source / "linked")
    return back_up(host)


def test_an_archive_without_an_index_is_read_in_sequence(host, plain_archive):
    remark = f"warning: {plain_archive.name} has no index: its tars are gone through in sequence\n"

    _, out, said = host.run("ls", "latest", str(host.source), expect=0)
    names = ["", "/folder", "/folder/x", "/hello.txt", "/linked"]
    assert (sorted(out.splitlines()), said) == ([f"{host.source}{name}" for name in names], remark)
    _, out, _ = host.run("find", "x", expect=0)
    assert out == f"{plain_archive.name}:{host.source}/folder/x\n"
    for name in ("folder/x", "linked"):
        content, code, said = dump(host, f"{host.source}/{name}")
        assert (content == (host.source / name).read_bytes(), code, said) == (True, 0, remark)


@pytest.mark.parametrize("command, output, is_shown", [
    ("ls", "terminal", True), ("ls", "file", True), ("ls", "pipe", False), ("find", "terminal", True),
    ("find", "pipe", False), ("diff", "pipe", False), ("dump", "file", True), ("dump", "pipe", False),
    ("dump", "terminal", False)])
def test_long_reading_shows_a_live_line(host, plain_archive, ftp_server, tmp_path, command, output, is_shown):
    slow(ftp_server, MIB)
    words = {"ls": ["ls", "latest"], "find": ["find", "x"], "diff": ["diff", "latest", "latest"],
             "dump": ["dump", f"latest:{host.source}/folder/x"]}[command]
    ours, theirs = pty.openpty()
    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    with open(tmp_path / "out", "wb") as file:
        stdout = {"terminal": theirs, "file": file, "pipe": reader.stdin}[output]
        reading = subprocess.Popen(host.command(*words), stdin=subprocess.DEVNULL, stdout=stdout, stderr=theirs)
    os.close(theirs)
    reader.stdin.close()

    screen = b""
    with contextlib.suppress(OSError):  # The last one who had the terminal open has ended.
        while piece := os.read(ours, 65536):
            screen += piece
    os.close(ours)

    assert (reading.wait(60), reader.wait(60)) == (0, 0)
    assert (b" s  reading  " in screen) == is_shown


def test_what_a_tar_says_is_given_as_json(host, plain_archive):
    _, out, _ = host.run("ls", "latest", f"{host.source}/hello.txt", "--json", expect=0)

    status = (host.source / "hello.txt").stat()
    (node,) = of_type(out, "node")
    assert set(node) == {"message_type", "path", "type", "mode", "uid", "gid", "size", "mtime"}
    assert (node["type"], node["size"], node["mode"]) == ("file", 6, f"{status.st_mode & 0o7777:04o}")


def test_an_archive_made_by_hand_is_read(host):
    folder = host.ftp_server.root / "backups"
    folder.mkdir()
    shutil.chown(folder, "ftp", "ftp")
    name = "testhost+192.0.2.7+20200101T000000Z.zip"
    subprocess.run(["sh", "-ec", f"tar -cf etc.tar -C '{host.source}' hello.txt && zip -q '{folder}/{name}' etc.tar"],
                   check=True, cwd=host.folder)

    content, code, _ = dump(host, "hello.txt")

    assert (content, code) == (b"hello\n", 0)


def test_find_names_the_archive_whose_tar_is_encrypted(host):
    folder = host.ftp_server.root / "backups"
    folder.mkdir()
    shutil.chown(folder, "ftp", "ftp")
    name = "testhost+192.0.2.7+20200101T000000Z.zip"
    subprocess.run(["sh", "-ec", f"tar -cf etc.tar -C '{host.source}' hello.txt && "
                    f"zip -q -P secret '{folder}/{name}' etc.tar"], check=True, cwd=host.folder)

    _, _, said = host.run("find", "hello.txt", expect=3)

    assert re.search(f"^warning: {re.escape(name)}: .*encrypted", said, re.MULTILINE), said
