#include "client/reading_commands.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "client/time_limit.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/selection.hpp"

namespace osbackup::client {
namespace {

constexpr const char* kSnapshot = "An archive: its name, latest, or the begin of its time in UTC, such as 20260301";

/// A command's options, which live as long as its callbacks, and become the command when it is parsed.
template <class Options>
std::shared_ptr<Options> options_of(CLI::App& command, Command& chosen) {
  auto options = std::make_shared<Options>();
  command.final_callback([options, &chosen] { chosen = std::move(*options); });
  return options;
}

template <class Options>
void add_host(CLI::App& command, const std::shared_ptr<Options>& options) {
  command.add_option("--host", options->host.name, "Archives of this host instead of this one's")->type_name("NAME");
}

template <class Options>
void add_hosts(CLI::App& command, const std::shared_ptr<Options>& options) {
  add_host(command, options);
  command.add_flag("--all-hosts", options->host.all, "Archives of every host")->excludes("--host");
}

template <class Options>
void add_snapshot(CLI::App& command, const std::shared_ptr<Options>& options) {
  command.add_option("SNAPSHOT", options->snapshot, kSnapshot)->type_name("")->required();
}

template <class Options>
void add_long(CLI::App& command, const std::shared_ptr<Options>& options) {
  command.add_flag("-l,--long", options->is_long, "With mode, owner, size and time, as ls -l");
}

template <class Options>
CLI::Option* add_expected_digest(CLI::App& command, const std::shared_ptr<Options>& options) {
  return command
      .add_option_function<std::string>(
          "--expect-sha256",
          [options](std::string text) {
            std::transform(text.begin(), text.end(), text.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
            options->manifest_sha256 = crypto::digest_from_hex(text);
            if (!options->manifest_sha256)
              throw Error(ErrorKind::Usage, "--expect-sha256 " + printable(text) +
                                                ": expected 64 hexadecimal digits, the manifest_sha256 that the "
                                                "backup reported");
          },
          "Refuse an archive whose manifest has another SHA-256")
      ->type_name("DIGITS");
}

void add_snapshots(CLI::App& command, Command& chosen) {
  const auto options = options_of<SnapshotsOptions>(command, chosen);
  add_hosts(command, options);
}

void add_ls(CLI::App& command, Command& chosen) {
  const auto options = options_of<LsOptions>(command, chosen);
  add_snapshot(command, options);
  command
      .add_option_function<std::string>(
          "PATH", [options](const std::string& text) { options->path = restore::index_path_of(text); },
          "A file, or a directory with all that lies below it; without it everything")
      ->type_name("");
  add_long(command, options);
  command.add_option("--depth", options->depth, "No more than so many levels below PATH")->type_name("N");
  add_host(command, options);
}

void add_time_limit(CLI::App& command, const char* name, std::optional<TimePoint>& limit, const char* help) {
  command
      .add_option_function<std::string>(
          name, [&limit](const std::string& text) { limit = parse_time_limit(text, SystemClock().now()); }, help)
      ->type_name("TIME");
}

void add_find(CLI::App& command, Command& chosen) {
  const auto options = options_of<FindOptions>(command, chosen);
  command
      .add_option("PATTERN", options->pattern, "A name (passwd, *.conf), or a path from the root on (/etc/ssh/*.pub)")
      ->type_name("")
      ->required();
  add_time_limit(command, "--newer", options->newer,
                 "Modified since then: 7d, 12h, 2026-01-31 or 2026-01-31T12:00:00Z");
  add_time_limit(command, "--older", options->older, "Modified before then");
  add_long(command, options);
  add_hosts(command, options);
}

void add_dump(CLI::App& command, Command& chosen) {
  const auto options = options_of<DumpOptions>(command, chosen);
  command
      .add_option_function<std::string>(
          "SNAPSHOT:PATH",
          [options](const std::string& text) {
            const std::size_t colon = text.find(':');
            if (colon == std::string::npos)
              throw Error(ErrorKind::Usage, "\"" + printable(text) +
                                                "\": expected a snapshot, a colon and a path, such as "
                                                "latest:/etc/passwd");
            options->snapshot = text.substr(0, colon);
            options->path = restore::index_path_of(text.substr(colon + 1));
          },
          "An archive, a colon, and the path of a file in it: latest:/etc/passwd")
      ->type_name("")
      ->required();
  add_host(command, options);
}

void add_paths(CLI::App& command, std::vector<std::string>& paths) {
  command
      .add_option_function<std::vector<std::string>>(
          "PATH",
          [&paths](const std::vector<std::string>& texts) {
            paths.clear();
            for (const std::string& text : texts) paths.push_back(restore::index_path_of(text));
          },
          "Files, or directories with all that lies below them; without any everything")
      ->type_name("");
}

void add_diff(CLI::App& command, Command& chosen) {
  const auto options = options_of<DiffOptions>(command, chosen);
  command.add_option("A", options->before, kSnapshot)->type_name("")->required();
  command.add_option("B", options->after, "The archive to compare it with; not with --live")->type_name("");
  add_paths(command, options->paths);
  CLI::Option* live = command.add_flag("--live", options->is_live, "Compare it with this host's disks as they are now");
  command
      .add_flag("--read-data", options->reads_all, "Also read files whose size and time of modification are the same")
      ->needs(live);
  add_host(command, options);
  command.parse_complete_callback([options] {
    if (!options->after && !options->is_live)
      throw Error(ErrorKind::Usage, "diff: expected a second archive, or --live for this host as it is now");
    if (!options->is_live || !options->after) return;
    // What stands in B's place then is the first path.
    options->paths.insert(options->paths.begin(), restore::index_path_of(*options->after));
    options->after.reset();
  });
}

void add_patterns(CLI::App& command, const char* name, std::vector<PathPattern>& patterns, const char* help) {
  command
      .add_option_function<std::vector<std::string>>(
          name,
          [&patterns](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) patterns.emplace_back(text);
          },
          help)
      ->type_name("PATTERN")
      ->allow_extra_args(false);
}

restore::Overwrite parse_overwrite(const std::string& text) {
  if (text == "always") return restore::Overwrite::Always;
  if (text == "if-changed") return restore::Overwrite::IfChanged;
  if (text == "never") return restore::Overwrite::Never;
  throw Error(ErrorKind::Usage, "--overwrite " + printable(text) + ": expected always, if-changed or never");
}

void add_restore(CLI::App& command, Command& chosen) {
  const auto options = options_of<RestoreOptions>(command, chosen);
  add_snapshot(command, options);
  add_paths(command, options->paths);
  command.add_option("--target", options->target, "Where to: a directory, or / to put everything back in its place")
      ->type_name("DIR")
      ->required();
  add_patterns(command, "--include", options->include, "Only what matches, such as *.conf; may be repeated");
  add_patterns(command, "--exclude", options->exclude, "Nothing of what matches; wins over --include");
  command
      .add_option_function<std::string>(
          "--overwrite", [options](const std::string& text) { options->overwrite = parse_overwrite(text); },
          "Replace what is there: always (the default), if-changed, or never")
      ->type_name("WHEN");
  command.add_flag("--dry-run", options->is_dry_run,
                   "Tell what would be done, and write nothing; with -v of each object");
  command.add_flag("--keep-going", options->keep_going, "Get out of a damaged archive whatever can be had");
  add_expected_digest(command, options);
  add_host(command, options);
}

double parse_percent(const std::string& text) {
  const std::string_view digits = std::string_view(text).substr(0, text.ends_with('%') ? text.size() - 1 : 0);
  double percent = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  if (problem != std::errc{} || end != digits.data() + digits.size() || !(percent > 0) || percent > 100)
    throw Error(ErrorKind::Usage, "--read-data-subset " + printable(text) + ": expected a share such as 5% or 0.5%");
  return percent;
}

void add_check(CLI::App& command, Command& chosen) {
  const auto options = options_of<CheckOptions>(command, chosen);
  CLI::Option* snapshot =
      command.add_option("SNAPSHOT", options->snapshot, std::string(kSnapshot) + "; without it all")->type_name("");
  CLI::Option* all = command.add_flag_callback(
      "--read-data", [options] { options->read_percent = 100; }, "Read every byte, and compare it with its digest");
  command
      .add_option_function<std::string>(
          "--read-data-subset", [options](const std::string& text) { options->read_percent = parse_percent(text); },
          "The same for a random share of the files, such as 5%")
      ->type_name("SHARE")
      ->excludes(all);
  add_expected_digest(command, options)->needs(snapshot);
  add_hosts(command, options);
}

struct ReadingCommand {
  const char* name;
  const char* description;
  void (*add_options)(CLI::App&, Command&);
  const char* examples;
};

constexpr std::array kReadingCommands = {
    ReadingCommand{"snapshots", "List the archives at the destination", add_snapshots,
                   "osbackup snapshots              name, time, kind and size of this host's archives\n"
                   "osbackup snapshots --all-hosts  of all hosts"},
    ReadingCommand{"ls", "List what is in an archive", add_ls,
                   "osbackup ls latest                  everything in the newest archive of this host\n"
                   "osbackup ls latest /etc --depth 1   what is directly in /etc\n"
                   "osbackup ls -l 20260301 /etc/ssh    with details, of the archive of that day"},
    ReadingCommand{"find", "Look for a file in all archives of this host", add_find,
                   "osbackup find passwd                     objects of that name in any directory\n"
                   "osbackup find '*.conf' --newer 7d        modified in the last 7 days\n"
                   "osbackup find '/home/**/.bashrc' -l      from the root on; ** is any number of directories\n"
                   "\n"
                   "What is found is shown as osbackup dump takes it: ARCHIVE:PATH. A path with odd bytes is shown\n"
                   "with \\n, \\xff or \\\\ in it: the shell takes it between $' and ', as in dump $'ARCHIVE:/a\\nb'."},
    ReadingCommand{"diff", "Tell what changed between two archives, or since one was made", add_diff,
                   "osbackup diff 20260301 latest   + added, - removed, M content, U metadata, T type\n"
                   "osbackup diff latest --live     what changed on this host since the newest archive"},
    ReadingCommand{"restore", "Bring files back", add_restore,
                   "osbackup restore latest /etc --target /tmp/restored   to /tmp/restored/etc\n"
                   "osbackup restore latest /etc/ssh --target /           back to its place\n"
                   "osbackup restore latest --include '*.conf' --target /tmp/restored --dry-run\n"
                   "\n"
                   "What is there already is replaced, unless --overwrite says otherwise: if-changed replaces\n"
                   "what has another type, size or time of modification. Run as root, all owners, modes, times,\n"
                   "attributes and devices come back; as another user what that user may set."},
    ReadingCommand{"dump", "Write one file to standard output", add_dump,
                   "osbackup dump latest:/etc/passwd\n"
                   "osbackup dump 20260301:/var/backups/db.sql.gz | gzip -dc | less"},
    ReadingCommand{"check", "Check that archives are whole", add_check,
                   "osbackup check                                 the structure of all archives of this host\n"
                   "osbackup check latest --read-data              and every byte of the newest\n"
                   "osbackup check --read-data-subset 5%           and of each a share"},
};

}  // namespace

void add_reading_commands(CLI::App& app, Command& command, const std::function<void(CLI::App&)>& add_common_options) {
  for (const ReadingCommand& reading : kReadingCommands) {
    CLI::App* added = app.add_subcommand(reading.name, reading.description);
    reading.add_options(*added, command);
    add_common_options(*added);
    added->footer(reading.examples);
    if (std::string_view(reading.name) == "snapshots") added->alias("list");
  }
}

}  // namespace osbackup::client
