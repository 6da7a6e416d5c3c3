#include "client/diff_command.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "backup/live_entries.hpp"
#include "backup/warning_log.hpp"
#include "client/archive_session.hpp"
#include "client/diff_text.hpp"
#include "client/progress_display.hpp"
#include "client/selection_rules.hpp"
#include "core/encoding.hpp"
#include "restore/archived_directories.hpp"
#include "restore/diff.hpp"
#include "restore/ordered_entries.hpp"
#include "restore/selection.hpp"

namespace osbackup::client {
namespace {

std::filesystem::path scratch_directory() {
  std::error_code problem;
  std::filesystem::path directory = std::filesystem::temp_directory_path(problem);
  return problem ? "/tmp" : directory;
}

/// One archive, compared with another one, or with the host's disks.
class Comparison {
 public:
  Comparison(const CommonOptions& common, const DiffOptions& options, ArchiveSession& archives, ReadingRun& run)
      : common_(common), options_(options), archives_(archives), run_(run) {}

  void make() {
    const StoredSnapshot before = archives_.find(options_.before);
    std::optional<StoredSnapshot> after;
    if (options_.after) after = archives_.find(*options_.after);
    if (!after && before.name.hostname != archives_.own_hostname())
      run_.add_trouble({.kind = restore::Trouble::Kind::Note,
                        .path = "",
                        .reason = fmt::format("{} is of the host {}, and is compared with this one", before.object.name,
                                              printable(before.name.hostname))});
    const auto archive = archives_.open(before);
    const auto other = after ? archives_.open(*after) : nullptr;
    run_.set_stage(RunStage::Reading);
    run_.console().info(
        fmt::format("from {} to {}", before.object.name, after ? after->object.name : "what is on the disks now"));
    const ProgressDisplay display(run_.console(), run_.view());
    expect_objects(*archive);
    if (other)
      compare_with(*archive, *other);
    else
      compare_with_disks(*archive);
  }

 private:
  void expect_objects(const archive::ArchiveReader& archive) {
    run_.progress().stage = restore::RestoreProgress::Stage::Reading;
    if (archive.manifest() && paths_.empty()) run_.progress().objects_total = archive.manifest()->index.summary.lines;
  }

  std::unique_ptr<archive::EntrySource> entries_of(archive::ArchiveReader& archive) {
    return restore::entries_in_order(
        archive, {.paths = paths_,
                  .scratch_directory = scratch_directory_,
                  .on_trouble = [this](const restore::Trouble& trouble) { run_.add_trouble(trouble); },
                  .progress = &run_.progress(),
                  .stop = run_.stop()});
  }

  void compare_with(archive::ArchiveReader& archive, archive::ArchiveReader& other) {
    const auto before = entries_of(archive);
    const auto after = entries_of(other);
    tell({.entries = *before, .has_index = archive.manifest().has_value()},
         {.entries = *after, .has_index = other.manifest().has_value()}, std::nullopt);
  }

  void compare_with_disks(archive::ArchiveReader& archive) {
    backup::SelectionRules rules = selection_rules(archives_.config(), scratch_directory_);
    rules.only = paths_;
    backup::WarningLog warnings([this](const backup::Warning& warning) {
      run_.console().warning(to_remark(warning));
      if (warning.kind == backup::WarningKind::Missing) run_.set_incomplete();
    });
    const auto before = entries_of(archive);
    backup::LiveEntries live(restore::archived_directories(archive), rules, warnings, run_.stop());
    tell({.entries = *before, .has_index = archive.manifest().has_value()}, {.entries = live},
         restore::LiveAnswers{.digest = [&] { return live.digest(); },
                              .knows_flags = [&] { return live.knows_flags(); },
                              .is_passed_over = [&](const archive::Entry& entry) { return live.is_passed_over(entry); },
                              .reads_all = options_.reads_all});
  }

  void tell(restore::DiffSide before, restore::DiffSide after, std::optional<restore::LiveAnswers> live) {
    restore::Diff diff(before, after,
                       {.paths = paths_, .live = std::move(live), .stop = run_.stop(), .progress = &run_.progress()});
    const bool with_fields = common_.verbosity == Verbosity::Verbose;
    while (const std::optional<restore::Change> change = diff.next())
      run_.result(common_.json ? change_json(*change) : change_text(*change, with_fields));
    for (const std::string& path : diff.missing_paths())
      run_.add_trouble({.kind = restore::Trouble::Kind::Failed, .path = path, .reason = "there is no such path"});
    run_.summarise(counts_json(diff.counts()), counts_text(diff.counts()));
  }

  const CommonOptions& common_;
  const DiffOptions& options_;
  ArchiveSession& archives_;
  ReadingRun& run_;
  const std::vector<std::string> paths_ = restore::outermost_paths(options_.paths);
  const std::filesystem::path scratch_directory_ = scratch_directory();
};

}  // namespace

int diff_command(const CommonOptions& common, const DiffOptions& options) {
  const ReadingOrder order{.common = common, .host = options.host, .output = ReadingRun::Output::Listing};
  return run_on_archives(
      order, [&](ArchiveSession& archives, ReadingRun& run) { Comparison(common, options, archives, run).make(); });
}

}  // namespace osbackup::client
