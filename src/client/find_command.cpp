#include "client/find_command.hpp"

#include <fmt/format.h>

#include "client/archive_session.hpp"
#include "client/object_text.hpp"
#include "client/progress_display.hpp"
#include "core/counted.hpp"
#include "restore/path_search.hpp"

namespace osbackup::client {
namespace {

/// What may be wrong with one archive while the others are good.
bool is_about_one(ErrorKind kind) {
  return kind == ErrorKind::Corrupt || kind == ErrorKind::NotFound || kind == ErrorKind::Usage ||
         kind == ErrorKind::Denied;
}

/// Searches one archive after another, and shows what it finds.
class ArchiveSearch {
 public:
  ArchiveSearch(const CommonOptions& common, const FindOptions& options, ReadingRun& run)
      : as_json_(common.json),
        is_long_(options.is_long),
        run_(run),
        search_({.pattern = options.pattern, .newer = options.newer, .older = options.older}) {}

  void look_into(archive::ArchiveReader& archive, const std::string& name) {
    const ObjectOrigin origin{.message_type = "match", .archive = name, .has_index = archive.manifest().has_value()};
    restore::ListingOrder order = search_.listing();
    order.on_trouble = [&](const restore::Trouble& trouble) {
      run_.add_trouble({.kind = trouble.kind, .path = trouble.path, .reason = name + ": " + trouble.reason});
    };
    restore::Listing listing(archive, std::move(order));
    for (bool is_more = true; is_more;) {
      run_.throw_if_stopped();
      try {
        const std::optional<archive::IndexEntry> line = listing.next();
        is_more = line.has_value();
        if (line && search_.matches(line->entry)) show(*line, origin);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Corrupt) throw error.within(name);
        run_.add_unread(error.within(name));
      }
    }
  }

  std::uint64_t matches() const noexcept { return matches_; }

 private:
  void show(const archive::IndexEntry& line, const ObjectOrigin& origin) {
    ++matches_;
    if (as_json_)
      run_.result(object_json(line, origin));
    else
      run_.result(is_long_ ? object_details(line.entry, origin) : object_path(line.entry, origin));
  }

  bool as_json_;
  bool is_long_;
  ReadingRun& run_;
  restore::PathSearch search_;
  std::uint64_t matches_ = 0;
};

}  // namespace

int find_command(const CommonOptions& common, const FindOptions& options) {
  const ReadingOrder order{.common = common, .host = options.host, .output = ReadingRun::Output::Listing};
  return run_on_archives(order, [&](ArchiveSession& archives, ReadingRun& run) {
    ArchiveSearch search(common, options, run);
    const std::vector<StoredSnapshot> snapshots = archives.list();
    run.set_stage(RunStage::Reading);
    run.progress().stage = restore::RestoreProgress::Stage::Reading;
    run.progress().objects_total = snapshots.size();
    run.view().count_archives();
    const ProgressDisplay display(run.console(), run.view());
    for (const StoredSnapshot& snapshot : snapshots) {
      run.throw_if_stopped();
      try {
        const auto archive = archives.open(snapshot);
        search.look_into(*archive, snapshot.object.name);
      } catch (const Error& error) {
        if (!is_about_one(error.kind())) throw;
        run.add_unread(error);
      }
      run.progress().objects += 1;
    }
    if (search.matches() == 0)
      run.console().info(fmt::format("nothing found in {}", counted(snapshots.size(), "archive")));
    run.summarise({{"archives", snapshots.size()}, {"matches", search.matches()}}, "");
  });
}

}  // namespace osbackup::client
