#include "client/restore_command.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

#include "client/archive_session.hpp"
#include "client/manifest_proof.hpp"
#include "client/object_text.hpp"
#include "client/progress_display.hpp"
#include "client/restore_facts.hpp"
#include "core/encoding.hpp"
#include "restore/disk_sink.hpp"
#include "restore/dry_sink.hpp"
#include "restore/extraction.hpp"
#include "restore/listing.hpp"
#include "restore/recovery.hpp"
#include "restore/target_root.hpp"
#include "system/host.hpp"

namespace osbackup::client {
namespace {

using restore::RestoreProgress;

/// A system that is overwritten with another host's files is hard to mend.
void require_own_archive(const restore::Snapshot& snapshot, const RestoreOptions& options, const std::string& own) {
  const std::string& hostname = snapshot.name.hostname;
  std::error_code ignored;
  const bool in_place = std::filesystem::equivalent(options.target, "/", ignored);
  if (!in_place || hostname == own || options.host.name == hostname) return;
  throw Error(ErrorKind::Usage,
              fmt::format("{} is of the host {}, and this is {}: to restore it in place all the same, add --host {}",
                          snapshot.object.name, printable(hostname), printable(own), printable(hostname)));
}

restore::Selection selection_of(const RestoreOptions& options) {
  return {.paths = options.paths, .include = PathPatterns(options.include), .exclude = PathPatterns(options.exclude)};
}

/// What ends a restore, with what helps.
Error with_remedy(const Error& error, const RestoreOptions& options) {
  if (error.kind() == ErrorKind::Corrupt && !options.keep_going)
    return Error(ErrorKind::Corrupt, std::string(error.what()) + "; --keep-going gets out what can be had");
  if (error.kind() == ErrorKind::NoSpace)
    return Error(ErrorKind::NoSpace, fmt::format("{}: {}; when there is room, --overwrite if-changed restores the rest",
                                                 printable(options.target.native()), error.what()));
  return error;
}

restore::Remains open_archive(const StoredSnapshot& snapshot, const RestoreOptions& options, ArchiveSession& archives) {
  if (options.keep_going) return archives.open_remains(snapshot);
  try {
    return {.object = {}, .archive = archives.open(snapshot), .problem = {}};
  } catch (const Error& error) {
    throw with_remedy(error, options);
  }
}

/// How much there is of something.
struct Amount {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
};

Amount amount_of(const archive::Manifest& manifest) {
  Amount amount;
  for (const archive::ManifestDirectory& directory : manifest.directories) {
    amount.objects += directory.files + directory.directories + directory.others;
    amount.bytes += directory.content_bytes;
  }
  return amount;
}

/// Looks through the index.
Amount amount_of(archive::ArchiveReader& archive, const restore::Selection& selection, const ReadingRun& run) {
  Amount amount;
  std::vector<std::string> paths = restore::outermost_paths(selection.paths);
  if (paths.empty()) paths = {"."};
  for (const std::string& path : paths) {
    auto lines = archive.list(path);
    while (const std::optional<archive::IndexEntry> line = lines.next()) {
      run.throw_if_stopped();
      if (!selection.matches(line->entry.path, line->entry.type == archive::EntryType::Directory)) continue;
      ++amount.objects;
      if (line->entry.type == archive::EntryType::File) amount.bytes += line->entry.size;
    }
  }
  return amount;
}

/// Counts beforehand what is selected, for who looks on. The manifest knows it of the whole; of a part it costs reading
/// the index twice.
void count_selected(archive::ArchiveReader& archive, const restore::Selection& selection, ReadingRun& run) {
  const bool is_watched = run.console().options().json || run.console().options().terminal;
  if (!archive.manifest() || !is_watched) return;
  RestoreProgress& progress = run.progress();
  progress.stage = RestoreProgress::Stage::Planning;
  try {
    const Amount amount =
        selection.is_everything() ? amount_of(*archive.manifest()) : amount_of(archive, selection, run);
    progress.objects_total = amount.objects;
    progress.bytes_total = amount.bytes;
  } catch (const Error& error) {
    // What is damaged is told by the restore itself.
    if (error.kind() != ErrorKind::Corrupt) throw;
  }
}

/// One restore, and what it has to tell.
class Restoration {
 public:
  Restoration(restore::Remains& remains, const RestoreOptions& options, ReadingRun& run)
      : remains_(remains),
        options_(options),
        run_(run),
        troubles_([&run](const restore::Trouble& trouble) { run.add_trouble(trouble); }) {}

  /// Tells what was done also when it throws.
  void work(const std::string& archive_name, unsigned threads) {
    RestoreFacts facts{.archive = archive_name,
                       .target = options_.target.native(),
                       .is_dry_run = options_.is_dry_run,
                       .counts = {},
                       .troubles = {}};
    run_.console().info(fmt::format("{}restoring {} into {}", options_.is_dry_run ? "dry run: " : "", archive_name,
                                    options_.target.native()));
    try {
      // Of a target in which nothing then is.
      std::vector<std::filesystem::path> made;
      if (!options_.is_dry_run) made = restore::missing_directories(options_.target);
      extract(threads, facts.counts);
      facts.is_complete = true;
      if (is_nothing(facts.counts)) {
        run_.add_trouble({.kind = restore::Trouble::Kind::Note,
                          .path = "",
                          .reason = "nothing matches: no object of the archive is selected"});
        restore::remove_empty(made);
      }
    } catch (const Error& error) {
      tell(facts);
      throw with_remedy(error, options_);
    }
    tell(facts);
    if (untold_) throw Error(*untold_);
  }

 private:
  void extract(unsigned threads, restore::SinkCounts& counts) {
    const restore::ExtractionOrder order{.selection = selection_of(options_),
                                         .threads = threads,
                                         .keep_going = options_.keep_going,
                                         .stop = run_.stop()};
    restore::SinkOptions sink_options{
        .target = options_.target, .overwrite = options_.overwrite, .later_replaces = has_no_index()};
    if (run_.console().options().verbosity == Verbosity::Verbose)
      sink_options.on_object = [this](const restore::DoneObject& done, const std::string& path) { show(done, path); };
    if (options_.is_dry_run) {
      restore::DrySink sink(sink_options, troubles_);
      extract_into(sink, order, counts);
    } else {
      restore::DiskSink sink(sink_options, troubles_);
      extract_into(sink, order, counts);
      run_.progress().stage = RestoreProgress::Stage::Finishing;
      sink.finish();
    }
  }

  template <class Sink>
  void extract_into(Sink& sink, const restore::ExtractionOrder& order, restore::SinkCounts& counts) {
    if (remains_.archive) count_selected(*remains_.archive, order.selection, run_);
    run_.progress().stage = RestoreProgress::Stage::Reading;
    try {
      const restore::ExtractionVoices voices{.troubles = troubles_, .progress = run_.progress()};
      if (order.keep_going)
        restore::recover(remains_, order, sink, voices);
      else
        restore::extract(*remains_.archive, order, sink, voices);
    } catch (...) {
      counts = sink.counts();
      throw;
    }
    counts = sink.counts();
  }

  /// Nothing was selected, and that not for a path that is said to be missing.
  bool is_nothing(const restore::SinkCounts& counts) const {
    const restore::TroubleLog::Counts troubles = troubles_.counts();
    return counts == restore::SinkCounts() && troubles.failed + troubles.refused + troubles.damaged == 0;
  }

  /// By any thread. What cannot be told is restored all the same, unless nobody reads any more.
  void show(const restore::DoneObject& done, const std::string& path) {
    const std::scoped_lock lock(untold_mutex_);
    if (untold_) return;
    try {
      run_.result(run_.console().options().json ? done_json(done, path) : done_line(done, path));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
      untold_ = error;
    }
  }

  /// Then the later of two entries of one path counts.
  bool has_no_index() const { return remains_.archive && !remains_.archive->manifest(); }

  void tell(RestoreFacts& facts) {
    facts.troubles = troubles_.counts();
    facts.duration = run_.elapsed();
    // Root can set everything that the target's file system knows.
    if (system::is_root() && !facts.troubles.not_set.empty()) run_.set_incomplete();
    run_.summarise(to_summary(facts), to_sentence(facts));
  }

  restore::Remains& remains_;
  const RestoreOptions& options_;
  ReadingRun& run_;
  restore::TroubleLog troubles_;
  std::mutex untold_mutex_;
  std::optional<Error> untold_;  ///< Why standard output takes no more.
};

FoundArchive found_archive(const restore::Snapshot& snapshot, const restore::Remains& remains) {
  return {.name = snapshot.name,
          .manifest_sha256 = remains.archive ? remains.archive->manifest_sha256() : std::nullopt};
}

/// What is to be said of an archive whose manifest cannot be read.
restore::Trouble without_a_word(const restore::Snapshot& snapshot) {
  return {.kind = restore::Trouble::Kind::Note,
          .path = "",
          .reason = "its manifest cannot be read: nobody's word tells whether " + snapshot.object.name +
                    " is what the host made"};
}

}  // namespace

int restore_command(const CommonOptions& common, const RestoreOptions& options) {
  return run_on_archives({.common = common, .host = options.host}, [&](ArchiveSession& archives, ReadingRun& run) {
    const ProgressDisplay display(run.console(), run.view());
    const StoredSnapshot snapshot = archives.find(options.snapshot);
    require_own_archive(snapshot, options, archives.own_hostname());
    restore::Remains remains = open_archive(snapshot, options, archives);
    run.set_stage(RunStage::Reading);
    if (remains.archive || options.manifest_sha256)
      require_reported_manifest(found_archive(snapshot, remains), options.manifest_sha256, archives.config(), run);
    else if (archives.config().api)
      run.add_trouble(without_a_word(snapshot));
    const unsigned threads = archives.config().run.threads;
    Restoration(remains, options, run).work(snapshot.object.name, threads == 0 ? system::core_count() : threads);
  });
}

}  // namespace osbackup::client
