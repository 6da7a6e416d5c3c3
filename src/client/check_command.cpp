#include "client/check_command.hpp"

#include <fmt/format.h>

#include <random>
#include <vector>

#include "client/archive_session.hpp"
#include "client/check_facts.hpp"
#include "client/manifest_proof.hpp"
#include "client/progress_display.hpp"
#include "core/error.hpp"
#include "restore/data_check.hpp"
#include "system/host.hpp"

namespace osbackup::client {
namespace {

/// What may keep one archive from being read while the others are.
bool is_about_one(ErrorKind kind) {
  return kind == ErrorKind::NotFound || kind == ErrorKind::Usage || kind == ErrorKind::Denied ||
         kind == ErrorKind::Unavailable;
}

std::uint64_t random_seed() { return std::random_device()(); }

/// Checks one archive after another, and tells what it finds.
class ArchiveChecks {
 public:
  ArchiveChecks(ArchiveSession& archives, ReadingRun& run, const CheckOptions& options)
      : archives_(archives), run_(run), options_(options) {}

  void check(const StoredSnapshot& snapshot) {
    CheckedArchive checked{.name = snapshot.object.name};
    try {
      look_into(snapshot, checked);
      was_unavailable_ = false;
    } catch (const Error& error) {
      checked.is_read = false;
      facts_.add(checked);
      // Two in a row are the destination's trouble.
      const bool is_unavailable = error.kind() == ErrorKind::Unavailable;
      if (!is_about_one(error.kind()) || (is_unavailable && std::exchange(was_unavailable_, is_unavailable))) throw;
      run_.add_unread(error.within(checked.name));
      tell(checked);
      return;
    }
    facts_.add(checked);
    tell(checked);
  }

  CheckFacts facts() const {
    CheckFacts facts = facts_;
    facts.duration = run_.elapsed();
    return facts;
  }

 private:
  void look_into(const StoredSnapshot& snapshot, CheckedArchive& checked) {
    restore::FindingLog findings([&](const restore::Finding& finding) {
      ++checked.findings;
      ++run_.progress().troubles;
      run_.set_damaged();
      run_.result(is_json() ? json::serialize(to_json(finding, checked.name)) : to_line(finding, checked.name));
    });
    const restore::CheckContext context{.findings = findings,
                                        .progress = run_.progress(),
                                        .stop = run_.stop(),
                                        .on_note = [&](const std::string& text) { note(checked.name + ": " + text); }};
    const std::shared_ptr<const RangeReader> object = archives_.object(snapshot);
    restore::OpenedArchive opened = restore::check_structure(object, context);
    if (opened.reader) compare_manifest(snapshot, *opened.reader, findings);
    checked.has_index = !opened.reader || opened.reader->manifest();
    if (!checked.has_index) say_what_is_checked(checked.name);
    checked.objects = run_.progress().objects;
    if (options_.read_percent > 0) read_data(object, opened, context, checked);
  }

  void compare_manifest(const restore::Snapshot& snapshot, const archive::ArchiveReader& archive,
                        restore::FindingLog& findings) {
    try {
      require_reported_manifest({.name = snapshot.name, .manifest_sha256 = archive.manifest_sha256()},
                                options_.manifest_sha256, archives_.config(), run_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      findings.add({.entry = {},
                    .path = {},
                    .problem = error.what(),
                    .meaning = "it is another archive than the one that the backup made, or was changed since"});
    }
  }

  void read_data(const std::shared_ptr<const RangeReader>& object, restore::OpenedArchive& opened,
                 const restore::CheckContext& context, CheckedArchive& checked) {
    constexpr double kAll = 100;
    const unsigned threads = archives_.config().run.threads;
    restore::DataCheckOrder order{.threads = threads == 0 ? system::core_count() : threads, .share = {}, .seed = 0};
    if (options_.read_percent < kAll && checked.has_index) {
      order.share = options_.read_percent / kAll;
      order.seed = random_seed();
      checked.seed = order.seed;
      run_.console().info(fmt::format("{}: reading {} % of its data, with the seed {}", checked.name,
                                      options_.read_percent, order.seed));
    }
    const restore::CheckedData data = restore::check_data(object, opened, order, context);
    checked.objects = std::max(checked.objects, run_.progress().objects.load());
    checked.data_bytes = data.bytes;
    if (!data.is_compared) checked.has_index = false;
  }

  void say_what_is_checked(const std::string& name) {
    constexpr double kNothing = 0;
    constexpr double kAll = 100;
    if (options_.read_percent == kNothing)
      note(name + " has no index: its zip alone is checked; --read-data reads its tars");
    else if (options_.read_percent < kAll)
      note(name + " has no index: there is no part of its tars to choose, all is read");
    else
      note(name + " has no index: its tars are gone through in sequence");
  }

  void note(const std::string& text) {
    run_.add_trouble({.kind = restore::Trouble::Kind::Note, .path = "", .reason = text});
  }

  void tell(const CheckedArchive& checked) {
    if (is_json())
      run_.result(json::serialize(to_json(checked)));
    else if (checked.findings > 0 || run_.console().options().verbosity != Verbosity::Quiet)
      run_.result(to_line(checked));
  }

  bool is_json() const { return run_.console().options().json; }

  ArchiveSession& archives_;
  ReadingRun& run_;
  const CheckOptions& options_;
  CheckFacts facts_;
  bool was_unavailable_ = false;
};

}  // namespace

int check_command(const CommonOptions& common, const CheckOptions& options) {
  return run_on_archives({.common = common, .host = options.host}, [&](ArchiveSession& archives, ReadingRun& run) {
    if (options.manifest_sha256 && !options.snapshot)
      throw Error(ErrorKind::Usage,
                  "--expect-sha256 is about one archive: name it, check SNAPSHOT --expect-sha256 ...");
    const ProgressDisplay display(run.console(), run.view());
    const std::vector<StoredSnapshot> snapshots =
        options.snapshot ? std::vector{archives.find(*options.snapshot)} : archives.list();
    run.set_stage(RunStage::Reading);
    ArchiveChecks checks(archives, run, options);
    const auto summarise = [&] { run.summarise(to_summary(checks.facts()), to_sentence(checks.facts())); };
    try {
      for (std::size_t i = 0; i < snapshots.size(); ++i) {
        run.throw_if_stopped();
        run.view().begin_archive(i + 1, snapshots.size(), run.elapsed());
        checks.check(snapshots[i]);
      }
    } catch (const Error&) {
      summarise();
      throw;
    }
    summarise();
  });
}

}  // namespace osbackup::client
