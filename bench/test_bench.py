"""Tests of the benchmark's own arithmetic: what it chooses, measures and writes."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import measuring  # noqa: E402
import table  # noqa: E402
import tree  # noqa: E402
from tree import Counts, Unit  # noqa: E402

MIB_IN_KIB = 1024


def unit(name, files, content_bytes):
    return Unit((name,), Counts(files=files, content_bytes=content_bytes))


def total(units):
    return sum((one.counts for one in units), Counts())


def test_a_tree_comes_near_to_both_counts_and_overshoots_neither():
    units = [unit(f"small-{number}", 100, 1_000) for number in range(200)]
    units += [unit(f"large-{number}", 10, 100_000) for number in range(200)]
    wanted = Counts(files=5_000, content_bytes=5_000_000)

    chosen = total(tree.choose(units, wanted))

    assert 0.9 * wanted.files <= chosen.files <= tree.OVERSHOOT * wanted.files
    assert 0.9 * wanted.content_bytes <= chosen.content_bytes <= tree.OVERSHOOT * wanted.content_bytes


def test_the_choice_does_not_depend_on_the_order_in_which_units_were_found():
    units = [unit(f"u-{number}", number % 7 + 1, number * 1_000) for number in range(50)]
    wanted = Counts(files=60, content_bytes=400_000)

    assert tree.choose(units, wanted) == tree.choose(units[::-1], wanted)


def test_the_content_of_two_names_of_one_file_counts_once(tmp_path):
    (tmp_path / "first").write_bytes(b"x" * 1000)
    os.link(tmp_path / "first", tmp_path / "second")
    os.symlink("first", tmp_path / "link")

    assert tree.count(str(tmp_path)) == Counts(files=2, directories=1, links=1, content_bytes=1000)


def test_a_copied_tree_keeps_hard_links_modes_and_times_and_is_known_again(tmp_path, monkeypatch):
    source = tmp_path / "source"
    (source / "lib" / "a").mkdir(parents=True)
    (source / "lib" / "b").mkdir()
    (source / "lib" / "a" / "first").write_bytes(b"x" * 1000)
    os.link(source / "lib" / "a" / "first", source / "lib" / "b" / "second")
    os.chmod(source / "lib" / "a" / "first", 0o4711)
    os.utime(source / "lib" / "a" / "first", ns=(1, 1_500_000_000_123_456_789))
    monkeypatch.setattr(tree, "ROOTS", ((str(source), "."),))
    wanted = Counts(files=100, content_bytes=100_000)

    tree.make(tmp_path / "tree", wanted)

    first, second = (os.stat(tmp_path / "tree" / "lib" / name) for name in ("a/first", "b/second"))
    assert (first.st_ino, first.st_mode & 0o7777, first.st_mtime_ns) == (
        second.st_ino, 0o4711, 1_500_000_000_123_456_789)
    assert tree.is_made(tmp_path / "tree", wanted)
    assert not tree.is_made(tmp_path / "tree", Counts(files=101, content_bytes=100_000))


def test_the_memory_of_a_command_is_its_own_and_not_that_of_who_starts_it(tmp_path):
    ours = b"x" * (100 << 20)
    small = measuring.measure(["true"], tmp_path)
    large = measuring.measure([sys.executable, "-c", "len(b'x' * (100 << 20))"], tmp_path)

    assert len(ours) >> 10 > small.memory_kib
    assert small.memory_kib < 20 * MIB_IN_KIB
    assert 100 * MIB_IN_KIB < large.memory_kib < 150 * MIB_IN_KIB


def test_the_cpu_of_what_a_command_starts_counts(tmp_path):
    busy = f"'{sys.executable}' -c 'import time\nwhile time.process_time() < 0.3: pass'"

    used = measuring.measure(["/bin/sh", "-c", f"{busy} & {busy} & wait"], tmp_path)

    assert 0.5 < used.cpu_seconds < 3


def test_a_command_that_fails_is_told_with_its_words(tmp_path):
    with pytest.raises(measuring.Failed, match="sh ended with 7: no such luck"):
        measuring.measure(["/bin/sh", "-c", "echo no such luck; exit 7"], tmp_path)


def test_the_content_that_a_command_writes_is_kept_apart_from_what_it_says(tmp_path):
    with pytest.raises(measuring.Failed, match="ended with 7: trouble$"):
        measuring.measure(["/bin/sh", "-c", "echo content; echo trouble >&2; exit 7"], tmp_path,
                          content=tmp_path / "content")

    assert (tmp_path / "content").read_text() == "content\n"


def test_a_command_starts_where_it_is_told_to_and_leaves_no_files_of_ours_there(tmp_path):
    place = tmp_path / "place"
    place.mkdir()

    measuring.measure(["/bin/sh", "-c", "pwd"], tmp_path, start_in=place)

    assert (tmp_path / "command.output").read_text() == f"{place}\n"
    assert not list(place.iterdir())


class Scripted:
    """A contender that notes what is done with it."""

    def __init__(self, name, notes, fails=False, is_incomplete=False):
        self.name, self.notes, self.fails, self.is_incomplete = name, notes, fails, is_incomplete

    def prepare(self):
        self.notes.append(self.name)

    def set_caches(self):
        pass

    def make(self):
        if self.fails:
            raise measuring.Failed("broken")
        return measuring.Used(2.0, 3.0, 4, 0)

    def upload(self):
        return measuring.Used(1.0, 0.5, 9, 0)

    def stored_bytes(self):
        return 5

    def inspect(self):
        if self.is_incomplete:
            raise measuring.Failed("incomplete")
        return {"reads": 3}

    def clear(self):
        self.notes.append("clear")


class IdleServer:
    def cpu_seconds(self):
        return 0.0


def test_runs_are_interleaved_and_a_failed_contender_is_cleared_and_not_tried_again():
    notes, kept = [], []
    contenders = [Scripted("a", notes), Scripted("b", notes, fails=True), Scripted("c", notes)]

    failures = measuring.interleave(contenders, 2, IdleServer(), kept.append)

    assert failures == {"b": "broken"}
    assert notes == ["a", "clear", "b", "clear", "c", "clear", "a", "clear", "c", "clear"]
    assert [(run.contender, run.number) for run in kept] == [("a", 1), ("c", 1), ("a", 2), ("c", 2)]


def test_a_run_that_did_not_do_all_of_its_work_does_not_count():
    notes, kept = [], []

    failures = measuring.interleave([Scripted("a", notes, is_incomplete=True)], 2, IdleServer(), kept.append)

    assert (failures, kept, notes) == ({"a": "incomplete"}, [], ["a", "clear"])


def test_what_only_some_runs_have_is_the_median_of_those():
    runs = [measuring.Run("a", number, 1.0, 1.0, 1.0, 0.0, 1, 1, further)
            for number, further in enumerate(({"reads": 1, "once": 7}, {"reads": 2}, {"reads": 9}))]

    found = measuring.medians(runs)["a"]

    assert (found["reads"], found["once"], "further" in found) == (2, 7, False)


def test_a_separate_upload_is_part_of_the_wall_time_and_told_apart():
    run = measuring.run_once(Scripted("a", []), 1, IdleServer())

    assert (run.wall_seconds, run.making_seconds, run.cpu_seconds, run.memory_kib) == (3.0, 2.0, 3.5, 9)


def test_only_what_stands_between_the_markers_is_replaced():
    document = "before\n<!-- bench/backup warm: begin -->\nold\n<!-- bench/backup warm: end -->\nafter\n"

    assert table.section("backup warm", ["new"], document) == document.replace("old", "new")


def test_a_document_without_the_markers_is_refused():
    with pytest.raises(SystemExit, match="needs the lines"):
        table.section("backup cold", ["new"], "before\n")


def test_every_section_has_its_markers_in_the_document():
    document = (Path(__file__).parent.parent / "docs" / "benchmarks.md").read_text()

    for part in ("backup warm", "backup cold", "backup memory", "restore whole", "restore file", "restore memory"):
        assert "\nnew\n" in table.section(part, ["new"], document)


def test_of_a_directory_only_what_everybody_may_read_is_copied(tmp_path):
    source = tmp_path / "etc"
    (source / "private").mkdir(parents=True)
    (source / "private" / "key").write_text("secret")
    (source / "private").chmod(0o711)
    (source / "shadow").write_text("secret")
    (source / "shadow").chmod(0o640)
    (source / "app.d").mkdir()
    (source / "app.d" / "10-first.conf").write_text("open")
    (source / "link").symlink_to("nowhere")

    tree.copy_readable(source, tmp_path / "copy")

    assert sorted(str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*")) == [
        "app.d", "app.d/10-first.conf", "link"]


@pytest.mark.parametrize("limit, value, verdict", [
    ((">=", 12), 12.0, "reached"), ((">=", 12), 11.9, "**not reached**"),
    (("<=", 1.5), 1.5, "reached"), (("<=", 1.5), 1.51, "**not reached**"),
    (("<", 2), 1.99, "reached"), (("<", 2), 2.0, "**not reached**"),
])
def test_a_figure_is_reached_up_to_its_limit(limit, value, verdict):
    assert table.target("what", limit, value)[-1] == verdict


def test_the_ratios_are_those_of_the_medians():
    runs = [measuring.Run(name, number, wall, wall, 1.0, 0.0, memory_kib, size)
            for name, memory_kib, size, walls in (("balanced", 65536, 110, (2.0, 9.0, 1.0)),
                                                  ("gzip", 1024, 100, (30.0, 20.0, 40.0)))
            for number, wall in enumerate(walls)]

    rows = table.warm_targets(measuring.medians(runs))

    assert [row[2] for row in rows] == ["15.00", "not measured", "1.100", "not measured", "64"]
