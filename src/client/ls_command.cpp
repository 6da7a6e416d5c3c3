#include "client/ls_command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "client/archive_session.hpp"
#include "client/object_text.hpp"
#include "client/progress_display.hpp"
#include "client/shown_path.hpp"
#include "restore/listing.hpp"

namespace osbackup::client {
namespace {

/// How many levels a path lies below another one that it is, or lies below.
std::size_t levels_below(const std::string& path, const std::string& above) {
  if (path == above) return 0;
  const auto slashes = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  const auto slashes_above = static_cast<std::size_t>(std::count(above.begin(), above.end(), '/'));
  return above == "." ? slashes + 1 : slashes - slashes_above;
}

/// Of a path that lies below another one: what of it is at most so many levels below that.
std::string_view cut_to_depth(std::string_view path, const std::string& above, std::size_t depth) {
  std::size_t end = above == "." ? 0 : above.size() + 1;
  for (std::size_t level = 0; level < depth && end != std::string_view::npos; ++level)
    end = path.find('/', level == 0 ? end : end + 1);
  return path.substr(0, end);
}

/// Tells of what lies deeper than is shown, where not even a directory above it is in the archive.
class DeeperParts {
 public:
  DeeperParts(const LsOptions& options, ReadingRun& run) : options_(options), run_(run) {}

  /// An object at the depth.
  void shown(const archive::Entry& entry) { above_ = entry.path; }

  void not_shown(const archive::Entry& entry) {
    const std::string_view above = cut_to_depth(entry.path, options_.path, *options_.depth);
    if (above == above_) return;
    above_ = above;
    is_any_ = true;
    run_.add_trouble({.kind = restore::Trouble::Kind::Note,
                      .path = entry.path,
                      .reason = fmt::format("it lies deeper than --depth {} shows, and of what is above it the archive "
                                            "has nothing",
                                            *options_.depth)});
  }

  bool is_any() const noexcept { return is_any_; }

 private:
  const LsOptions& options_;
  ReadingRun& run_;
  std::string above_;  ///< At the depth: what was shown, or told of.
  bool is_any_ = false;
};

void list(archive::ArchiveReader& archive, const LsOptions& options, bool as_json, ReadingRun& run) {
  const ObjectOrigin origin{.message_type = "node", .has_index = archive.manifest().has_value()};
  restore::Listing listing(archive, {.path = options.path,
                                     .with_below = options.depth != 0U,
                                     .on_trouble = [&](const restore::Trouble& trouble) { run.add_trouble(trouble); }});
  DeeperParts deeper(options, run);
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  for (bool is_more = true; is_more;) {
    run.throw_if_stopped();
    try {
      const std::optional<archive::IndexEntry> line = listing.next();
      is_more = line.has_value();
      if (!line) continue;
      const std::size_t levels = levels_below(line->entry.path, options.path);
      if (options.depth && levels > *options.depth) {
        deeper.not_shown(line->entry);
        continue;
      }
      if (levels == options.depth) deeper.shown(line->entry);
      ++objects;
      if (line->entry.type == archive::EntryType::File) bytes += line->entry.size;
      run.progress().objects = objects;
      run.progress().bytes = bytes;
      if (as_json)
        run.result(object_json(*line, origin));
      else
        run.result(options.is_long ? object_details(line->entry, origin) : object_path(line->entry, origin));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      run.add_trouble({.kind = restore::Trouble::Kind::Damaged, .path = "", .reason = error.what()});
    }
  }
  run.summarise({{"objects", objects}, {"bytes", bytes}}, "");
  if (objects == 0 && !deeper.is_any() && options.path != ".")
    throw Error(ErrorKind::NotFound, shown_path(path_from_root(options.path)) + " is not in the archive");
}

}  // namespace

int ls_command(const CommonOptions& common, const LsOptions& options) {
  const ReadingOrder order{.common = common, .host = options.host, .output = ReadingRun::Output::Listing};
  return run_on_archives(order, [&](ArchiveSession& archives, ReadingRun& run) {
    const auto archive = archives.open(archives.find(options.snapshot));
    run.set_stage(RunStage::Reading);
    run.progress().stage = restore::RestoreProgress::Stage::Reading;
    const ProgressDisplay display(run.console(), run.view());
    list(*archive, options, common.json, run);
  });
}

}  // namespace osbackup::client
