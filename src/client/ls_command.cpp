#include "client/ls_command.hpp"

#include <algorithm>

#include "client/archive_session.hpp"
#include "client/object_text.hpp"
#include "core/encoding.hpp"
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

void list(archive::ArchiveReader& archive, const LsOptions& options, bool as_json, ReadingRun& run) {
  const ObjectOrigin origin{.message_type = "node", .has_index = archive.manifest().has_value()};
  restore::Listing listing(archive, {.path = options.path,
                                     .with_below = options.depth != 0U,
                                     .on_trouble = [&](const restore::Trouble& trouble) { run.add_trouble(trouble); }});
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  for (bool is_more = true; is_more;) {
    run.throw_if_stopped();
    try {
      const std::optional<archive::IndexEntry> line = listing.next();
      is_more = line.has_value();
      if (!line || (options.depth && levels_below(line->entry.path, options.path) > *options.depth)) continue;
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
  if (objects == 0 && options.path != ".")
    throw Error(ErrorKind::NotFound, "/" + printable(options.path) + " is not in the archive");
}

}  // namespace

int ls_command(const CommonOptions& common, const LsOptions& options) {
  return run_on_archives({.common = common, .host = options.host}, [&](ArchiveSession& archives, ReadingRun& run) {
    const auto archive = archives.open(archives.find(options.snapshot));
    run.set_stage(RunStage::Reading);
    list(*archive, options, common.json, run);
  });
}

}  // namespace osbackup::client
