"""osbackup on the library of hostile archives, tests/golden/hostile. What each has to end with is said there."""

import os
import stat

import pytest

from support_hostile import CASES, LIBRARY, ORDINARY_USER, Link, Stage, make
from support_measured import Starter

DOCUMENTED = {0, 1, 2, 3, 6}  # Of the codes in docs/cli.md those that an archive can be the reason for.
NOT_ALL_RESTORED = {0, 3}  # An ordinary user cannot set all that root can.


@pytest.fixture(scope="module")
def large_archives(tmp_path_factory):
    """Those that are not in the repository, made when they are needed."""
    folder = tmp_path_factory.mktemp("large")

    def archive(case):
        path = folder / case.name
        if not path.exists():
            path.write_bytes(case.archive())
        return path.read_bytes()
    return archive


@pytest.fixture(scope="module")
def starter():
    small = Starter()
    yield small
    small.close()


@pytest.fixture
def stage(programs, starter):
    built = Stage(programs, starter)
    yield built
    built.close()


@pytest.fixture
def brisk_stage(stage):
    """Not of programs that watch themselves, which are slow: `restore --keep-going` goes through the most code."""
    if stage.is_sanitized:
        pytest.skip("a sanitizer is in the program")
    return stage


def each(cases):
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def bytes_of(case, large_archives):
    return (LIBRARY / f"{case.name}.zip").read_bytes() if case.is_kept else large_archives(case)


def expect_end(case, ended, codes):
    """One of these exit codes; and what is not well has the words for it."""
    assert ended.code in codes, f"{case.tries}: expected {codes}\n{ended.described()}"
    if ended.code != 0:
        for phrase in case.says:
            assert phrase.encode() in ended.output, f"{case.tries}: it does not say {phrase!r}\n{ended.described()}"


def codes_of(code):
    return DOCUMENTED if code is None else {code}


def without_links(target, path):
    """A path below the target, which no link leads to."""
    place = os.fsencode(target)
    for component in path.split(b"/")[:-1]:
        place = os.path.join(place, component)
        assert stat.S_ISDIR(os.lstat(place).st_mode), f"{place} is no directory"
    return os.path.join(place, path.split(b"/")[-1])


def found_at(path):
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        return Link(os.readlink(path))
    assert stat.S_ISREG(found.st_mode), f"{path} is no file"
    with open(path, "rb") as file:
        return file.read()


def expect_right(case, target):
    """What must not be there is not, and what may be there is right."""
    for path in case.absent:
        assert not os.path.lexists(os.path.join(os.fsencode(target), path)), f"{path} is there"
    for path, content in case.right.items():
        if os.path.lexists(os.path.join(os.fsencode(target), path)):
            assert found_at(without_links(target, path)) == content, f"{path} is not what the archive has"


def expect_restored(case, target):
    for path, content in case.restored.items():
        assert found_at(without_links(target, path)) == content, f"{path} is not what the archive has"


def test_the_library_is_what_its_generator_makes(tmp_path):
    make.write(tmp_path)

    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    kept = {file.name: file.read_bytes() for file in LIBRARY.iterdir() if file.suffix in (".zip", ".md")}
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []


@each(CASES)
def test_a_hostile_archive_is_listed_or_refused(brisk_stage, large_archives, case):
    ended = brisk_stage.hold(bytes_of(case, large_archives)).run("ls", "latest")

    expect_end(case, ended, codes_of(case.codes.ls))


@each(CASES)
def test_a_hostile_archive_is_checked(brisk_stage, large_archives, case):
    ended = brisk_stage.hold(bytes_of(case, large_archives)).run("check", "latest", "--read-data")

    expect_end(case, ended, codes_of(case.codes.check))


@each(CASES)
def test_a_hostile_archive_is_restored_inside_its_target(brisk_stage, large_archives, case):
    brisk_stage.hold(bytes_of(case, large_archives))

    ended = brisk_stage.run("restore", "latest", "--target", str(brisk_stage.target))

    expect_end(case, ended, codes_of(case.codes.restore))
    expect_right(case, brisk_stage.target)


@each(CASES)
def test_what_is_innocent_in_a_hostile_archive_is_restored(stage, large_archives, case):
    stage.hold(bytes_of(case, large_archives))

    ended = stage.run("restore", "latest", "--target", str(stage.target), "--keep-going")

    expect_end(case, ended, codes_of(case.codes.keep_going))
    expect_right(case, stage.target)
    expect_restored(case, stage.target)


@each([case for case in CASES if case.as_user])
def test_a_hostile_archive_is_restored_by_an_ordinary_user(brisk_stage, large_archives, case):
    brisk_stage.be(ORDINARY_USER).hold(bytes_of(case, large_archives))

    ended = brisk_stage.run("restore", "latest", "--target", str(brisk_stage.target), "--keep-going")

    expect_end(case, ended, NOT_ALL_RESTORED if case.codes.keep_going == 0 else codes_of(case.codes.keep_going))
    expect_right(case, brisk_stage.target)
    expect_restored(case, brisk_stage.target)
