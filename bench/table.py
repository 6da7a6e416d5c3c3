"""The tables of docs/benchmarks.md."""

import machine

MIB_IN_KIB = 1024
MEMORY_MIB_MAX = 96


def section(part, lines, document):
    """`document` with what stands between the two marker lines of that part replaced."""
    begin, end = (f"<!-- bench/{part}: {word} -->" for word in ("begin", "end"))
    rows = document.split("\n")
    if rows.count(begin) != 1 or rows.count(end) != 1 or rows.index(begin) > rows.index(end):
        raise SystemExit(f"bench: the document needs the lines {begin} and {end}, once each, in this order")
    return "\n".join([*rows[:rows.index(begin) + 1], *lines, *rows[rows.index(end):]])


def table(head, rows):
    """A Markdown table; columns after the first are numbers and stand to the right."""
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] + ["---:"] * (len(head) - 1), *rows)]


def comparison(result, titles):
    """Machine, tree, one row a contender, and the ratios: what `bench/backup` and `bench/backup --cold` write."""
    cold = result["part"] == "backup cold"
    found = result["medians"]
    lines = [*machine.sentences(result["machine"]), "", *tree_sentences(result["tree"]), ""]
    base = found.get("balanced")
    head = ["", "wall s", "fastest to slowest", "without upload s", "CPU s", "FTP server's CPU s", "peak memory MiB",
            "size MB", "wall, `balanced` = 1"]
    rows = []
    for name, title in titles.items():
        figures = found.get(name)
        if name in result["failures"] or not figures:
            rows.append([title, "failed"] + [""] * (len(head) - 2))
            continue
        own_upload = figures["making_seconds"] != figures["wall_seconds"]
        rows.append([
            title, seconds(figures["wall_seconds"]),
            f"{seconds(figures['wall_seconds_min'])} to {seconds(figures['wall_seconds_max'])}",
            seconds(figures["making_seconds"]) if own_upload else "", seconds(figures["cpu_seconds"]),
            seconds(figures["server_cpu_seconds"]), f"{figures['memory_kib'] / MIB_IN_KIB:.0f}",
            f"{figures['stored_bytes'] / 1e6:,.0f}",
            f"{figures['wall_seconds'] / base['wall_seconds']:.2f}" if base else "",
        ])
    lines += table(head, rows)
    lines += [f"- {titles[name]} failed: {plain(message)}" for name, message in result["failures"].items()]
    lines += ["", *table(["to reach", "figure", "measured", ""], cold_targets(found) if cold else warm_targets(found))]
    return ["", *lines, ""]


def tree_sentences(tree):
    counts = tree["counts"]
    parts = ", ".join(f"`{name}` {part['content_bytes'] / 1e6:,.0f} MB in {part['files']:,} files"
                      for name, part in tree["directories"].items())
    return [f"The tree: {counts['content_bytes'] / 1e9:.2f} GB in {counts['files']:,} files, {counts['directories']:,} "
            f"directories, {counts['links']:,} symbolic links; configured directories: {parts}.",
            f"Medians of {tree['rounds']} interleaved runs, caches {tree['caches']}."]


def ratio(found, key, over, under):
    """The ratio of two contenders' medians; None when one of them was not measured."""
    if over not in found or under not in found:
        return None
    return found[over][key] / found[under][key]


def target(what, limit, value, form="{:.2f}"):
    """One row: `limit` is (">=", "<=" or "<", number)."""
    sign, number = limit
    wanted = {">=": "at least ", "<=": "at most ", "<": "under "}[sign] + f"{number:g}"
    if value is None:
        return [what, wanted, "not measured", ""]
    reached = {">=": value >= number, "<=": value <= number, "<": value < number}[sign]
    return [what, wanted, form.format(value), "reached" if reached else "**not reached**"]


def warm_targets(found):
    native = [found[name]["memory_kib"] for name in ("fast", "balanced", "best") if name in found]
    return [
        target("`balanced` faster than `tar -czf`, `zip -0`, upload (times)", (">=", 12),
               ratio(found, "wall_seconds", "gzip", "balanced")),
        target("wall time of `balanced` against the bare work (times)", ("<=", 1.5),
               ratio(found, "wall_seconds", "balanced", "floor")),
        target("size of `balanced` against gzip -6 (times)", ("<=", 1.15),
               ratio(found, "stored_bytes", "balanced", "gzip"), "{:.3f}"),
        target("size of `best` against gzip -6 (times)", ("<=", 1.0),
               ratio(found, "stored_bytes", "best", "gzip"), "{:.3f}"),
        target("largest peak memory of `fast`, `balanced`, `best` (MiB)", ("<=", MEMORY_MIB_MAX),
               max(native) / MIB_IN_KIB if native else None, "{:.0f}"),
    ]


def cold_targets(found):
    return [
        target("`balanced` faster than restic, caches cold (times)", (">=", 3),
               ratio(found, "wall_seconds", "restic", "balanced")),
    ]


def memory(result, titles):
    """Machine, and one row a tree: what --memory writes."""
    rows = []
    for name, title in titles.items():
        run = result["runs"].get(name)
        if run is None:
            rows.append([title, "failed", "", "", "", "", ""])
            continue
        peak = run["memory_kib"] / MIB_IN_KIB
        rows.append([title, f"{peak:.0f}", "reached" if peak <= MEMORY_MIB_MAX else "**not reached**",
                     seconds(run["wall_seconds"]), seconds(run["cpu_seconds"]), f"{run['stored_bytes'] / 1e6:,.1f}",
                     str(run["exit_code"])])
    head = ["", "peak memory MiB", f"at most {MEMORY_MIB_MAX}", "wall s", "CPU s", "size MB", "exit code"]
    lines = [*machine.sentences(result["machine"]), "", *table(head, rows)]
    lines += [f"- {titles[name]}: {plain(message)}" for name, message in result["failures"].items()]
    return ["", *lines, ""]


def seconds(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def plain(message):
    """A program's words, on one line and without meaning for Markdown."""
    return "`" + message.replace("`", "'").replace("\n", " ") + "`"
