"""The tables of docs/benchmarks.md that bench/restore writes."""

import machine
from table import MIB_IN_KIB, plain, ratio, seconds, table, target, tree_sentences

MIB = 1 << 20
OSBACKUP = "osbackup-folder"
FETCHED_MIB_MAX = 2
RANGE_READS_MAX = 5


def whole(result, titles):
    """Machine, tree, one row a contender, and the ratios: what `bench/restore` writes of whole restores."""
    found = result["medians"]
    base = found.get(OSBACKUP)
    head = ["", "wall s", "fastest to slowest", "CPU s", "FTP server's CPU s", "peak memory MiB", "then to disk s",
            "restored from MB", "wall, osbackup = 1"]
    rows = []
    for name, title in titles.items():
        figures = found.get(name)
        if name in result["failures"] or not figures:
            rows.append([title, "failed"] + [""] * (len(head) - 2))
            continue
        rows.append([
            title, seconds(figures["wall_seconds"]),
            f"{seconds(figures['wall_seconds_min'])} to {seconds(figures['wall_seconds_max'])}",
            seconds(figures["cpu_seconds"]), seconds(figures["server_cpu_seconds"]),
            f"{figures['memory_kib'] / MIB_IN_KIB:.0f}", seconds(figures["to_disk_seconds"]),
            f"{figures['stored_bytes'] / 1e6:,.0f}",
            f"{figures['wall_seconds'] / base['wall_seconds']:.2f}" if base else "",
        ])
    lines = [*machine.sentences(result["machine"]), "", *tree_sentences(result["tree"]), "", *table(head, rows)]
    lines += failures(result, titles)
    lines += ["", *table(["to reach", "figure", "measured", ""], whole_targets(found))]
    return ["", *lines, ""]


def whole_targets(found):
    others = [ratio(found, "wall_seconds", name, OSBACKUP) for name in ("restic", "unzip")]
    # The faster of the two is the one to beat, so both must have been measured.
    return [target("osbackup faster than the faster of `restic restore` and `unzip`, `tar -xzf` (times)", (">=", 2),
                   None if None in others else min(others))]


def one_file(result, contenders):
    """Machine, one table a file, and the figures to reach: what `bench/restore` writes of single files."""
    lines = [*machine.sentences(result["machine"]), "",
             f"From the same backups as above. Medians of {result['tree']['rounds']} interleaved runs, caches "
             f"{result['tree']['caches']}."]
    head = ["", "wall s", "fastest to slowest", "CPU s", "peak memory MiB", "read MiB", "fresh, read MiB",
            "fetched MiB", "range reads", "logins", "requests", "sent MiB"]
    for wanted in dict.fromkeys(one.wanted for one in contenders):
        titles = {one.name: one.title for one in contenders if one.wanted == wanted}
        rows = [one_file_row(title, None if name in result["failures"] else result["medians"].get(name), len(head))
                for name, title in titles.items()]
        lines += ["", f"{wanted.title[0].upper()}{wanted.title[1:]}: `{wanted.path}`, {wanted.content_bytes:,} bytes.",
                  "", *table(head, rows), *failures(result, titles)]
    names = [one.name for one in contenders if one.program in ("dump-ftp", "dump-sftp")]
    lines += ["", *table(["to reach", "figure", "measured", ""], one_file_targets(result["medians"], names))]
    return ["", *lines, ""]


def one_file_row(title, figures, columns):
    if not figures:
        return [title, "failed"] + [""] * (columns - 2)

    def shown(key, form="{:.0f}", divisor=1):
        return form.format(figures[key] / divisor) if key in figures else ""

    return [
        title, f"{figures['wall_seconds']:.3f}",
        f"{figures['wall_seconds_min']:.3f} to {figures['wall_seconds_max']:.3f}", f"{figures['cpu_seconds']:.2f}",
        f"{figures['memory_kib'] / MIB_IN_KIB:.0f}", shown("read_bytes", "{:.2f}", MIB),
        shown("fresh_read_bytes", "{:.2f}", MIB), shown("fetched_bytes", "{:.2f}", MIB), shown("range_reads"),
        shown("server_logins"), shown("requests"), shown("server_sent_bytes", "{:.2f}", MIB),
    ]


def one_file_targets(found, names):
    """Over the files: every one has to reach them."""

    def largest(key):
        figures = [found.get(name, {}).get(key) for name in names]
        return None if not figures or None in figures else max(figures)

    fetched = largest("fetched_bytes")
    return [
        target("fetched for one file of at most 1 MiB over FTP or SFTP (MiB)", ("<", FETCHED_MIB_MAX),
               None if fetched is None else fetched / MIB),
        target("range reads for it", ("<=", RANGE_READS_MAX), largest("range_reads"), "{:.0f}"),
    ]


def failures(result, titles):
    return [f"- {titles[name]} failed: {plain(message)}" for name, message in result["failures"].items()
            if name in titles]
