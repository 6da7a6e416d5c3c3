#include "client/backup_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "backup/commands_engine.hpp"
#include "client/made_note.hpp"
#include "client/open_destination.hpp"
#include "client/tell.hpp"
#include "core/byte_count.hpp"
#include "core/counted.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/time_format.hpp"
#include "core/version.hpp"
#include "crypto/random.hpp"
#include "system/file.hpp"
#include "system/host.hpp"
#include "system/system_error.hpp"

namespace osbackup::client {
namespace {

namespace fs = std::filesystem;

using std::chrono::milliseconds;

/// A report that the server does not take for the moment waits in the outbox for a week: some patience is worth it.
constexpr unsigned kReportingAttempts = 3;

/// Sleeps; throws Cancelled as soon as `stop` is requested.
void wait_or_cancel(milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
  if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped while waiting to try again");
}

BackupFacts facts_at_start(const config::ClientConfig& config, TimePoint now) {
  BackupFacts facts;
  facts.run_id = crypto::random_uuid();
  facts.name = {.hostname = config.run.hostname.value_or(system::hostname()),
                .ip = host_address(config),
                .started = std::chrono::floor<std::chrono::seconds>(now)};
  facts.directories = config.directories;
  return facts;
}

std::string joined(const std::vector<std::string>& directories) {
  return printable(fmt::format("{}", fmt::join(directories, ",")));
}

/// The directory's identity, for the scanner to pass over; nothing when it is not there.
void add_identity(const fs::path& directory, std::set<backup::ObjectIdentity>& never) {
  struct stat status {};
  if (stat(directory.c_str(), &status) == 0) never.emplace(status.st_dev, status.st_ino);
}

}  // namespace

BackupRun::BackupRun(const config::ClientConfig& config, RunVoices voices, backup::Progress& progress,
                     const system::SignalWatch& signals)
    : config_(config),
      voices_(voices),
      progress_(progress),
      signals_(signals),
      stop_(signals.stop_token()),
      warnings_([this](const backup::Warning& warning) { on_warning(warning); }),
      facts_(facts_at_start(config, clock_.now())),
      state_(config.run.statedir),
      pending_(config.run.statedir / "pending", [this](const std::string& loss) { alarm(loss); }),
      outbox_(config.run.statedir / "outbox") {
  destination_ = open_destination(config_, facts_.name.hostname, stop_);
}

template <class Step, class OnFailure>
void BackupRun::attempt(Step step, OnFailure on_failure) {
  try {
    step();
  } catch (const Error& error) {
    on_failure(error);
  } catch (const std::exception& bug) {
    on_failure(Error(ErrorKind::Internal, std::string("internal error: ") + bug.what()));
  }
}

Outcome BackupRun::run() {
  voices_.log.info(fmt::format("run {} begins: osbackup {}, host {} ({}), directories {}, destination {}",
                               facts_.run_id, version(), facts_.name.hostname, facts_.name.ip,
                               joined(facts_.directories), describe_destination(config_, facts_.name.hostname)));
  attempt([this] { work(); }, [this](const Error& error) { fail(error); });
  measure();
  outcome_.incomplete = facts_.warnings.missing > 0;
  work_directory_.reset();
  const auto on_failure = [this](const Error& error) { trouble(error.what()); };
  attempt([this] { report(); }, on_failure);
  attempt([this] { mail(); }, on_failure);
  progress_.stage = backup::Stage::Done;
  facts_.warnings = warnings_.counts();
  outcome_.signal = signals_.received();
  const int code = exit_code(outcome_);
  voices_.console.summary(to_summary(facts_, code), to_sentence(facts_));
  voices_.log.info(fmt::format("run {} ends: {}, {}, exit code {}", facts_.run_id, to_sentence(facts_),
                               counted(facts_.warnings.all(), "warning"), code));
  return outcome_;
}

void BackupRun::work() {
  prepare();
  send_kept();
  outcome_.stage = RunStage::Making;
  make();
  outcome_.stage = RunStage::Sending;
  send();
  outcome_.stage = RunStage::Published;
}

void BackupRun::prepare() {
  if (state_.set_aside())
    trouble(fmt::format("the state file could not be read and is now {}", printable(state_.set_aside()->native())));
  work_directory_.emplace(config_.run.workdir);
  if (const auto& aside = work_directory_->set_aside())
    alarm(fmt::format(
        "SECURITY: {} was a link or not root's, as an attacker would leave it; it was not used and is now {}",
        printable(config_.run.workdir.native()), printable(aside->native())));
  adopt_what_killed_runs_made();
  backup::Delivery(*destination_, state_, progress_).remove_leftovers([this](const std::string& text) {
    trouble(text);
  });
}

/// The lock says that no other run is at work: what lies there, a killed one left. An archive that it made is not lost.
void BackupRun::adopt_what_killed_runs_made() {
  for (const fs::path& leftover : work_directory_->leftovers()) {
    attempt(
        [&] {
          const std::optional<MadeNote> made = read_made_note(leftover);
          if (!made) return;
          pending_.keep(made->archive, made->name, made->report);
          say(fmt::format("the archive {} of a run that was killed will be sent", made->name.text()));
        },
        [&](const Error& error) {
          alarm(fmt::format("the archive of a run that was killed is lost: {}", error.what()));
        });
    work_directory_->remove_leftover(leftover);
  }
}

void BackupRun::check_space() const {
  // The .tar.gz files lie there beside the zip that they go into.
  const std::uint64_t wanted = 2 * state_.last_archive_bytes(joined(config_.directories));
  const std::uint64_t there = system::disk_space(work_directory_->path()).free_bytes;
  if (there < wanted)
    throw Error(
        ErrorKind::NoSpace,
        fmt::format("{} has {} free, and the last archive took {}: make room, or set [Run] workdir to a directory "
                    "on a larger file system",
                    printable(work_directory_->path().native()), human_bytes(there), human_bytes(wanted)));
}

std::vector<std::string> BackupRun::existing_directories() {
  std::vector<std::string> existing;
  for (const std::string& directory : config_.directories) {
    struct stat status {};
    const int problem = stat(directory.c_str(), &status) == 0 ? 0 : errno;
    if (problem == 0 && S_ISDIR(status.st_mode)) {
      existing.push_back(directory);
    } else if (problem == ENOENT) {
      warnings_.add({.kind = backup::WarningKind::Trouble,
                     .path = directory,
                     .reason = "there is no such directory on this host, left out"});
    } else {
      warnings_.add({.kind = backup::WarningKind::Missing,
                     .path = directory,
                     .reason = problem == 0 ? "is not a directory, left out"
                                            : "cannot be looked at: " + std::generic_category().message(problem)});
    }
  }
  if (existing.empty())
    throw Error(ErrorKind::NotFound, fmt::format("none of the directories in [BackupDirs] exists on this host: {}",
                                                 joined(config_.directories)));
  return existing;
}

void BackupRun::send_kept() {
  for (const backup::PendingArchive& kept : pending_.list()) {
    progress_.stage = backup::Stage::SendingKept;
    say(fmt::format("sending the kept archive {}", kept.name.text()));
    try {
      send_kept_archive(kept);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
      trouble(fmt::format("the kept archive {} could not be sent and stays: {}", kept.name.text(), error.what()));
      // Where one login fails, the others would as well.
      if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::LoginRefused) return;
    }
  }
}

void BackupRun::send_kept_archive(const backup::PendingArchive& kept) {
  if (!backup::PendingArchives::is_whole(kept)) {
    pending_.set_aside(kept.file);
    return;
  }
  report::BackupReport report = report::report_from_json(json::parse(kept.note));
  const backup::Delivered delivered =
      deliver(system::FileRange(kept.file), kept.name, report.run_id.value_or(facts_.run_id), true);
  write_last(delivered.name.text());
  report.backup_state = true;
  report.is_ok = true;
  report.backupfilename = delivered.name.text();
  report.sha256 = delivered.sha256;
  report.verified = delivered.verified;
  report.attempt += 1;
  report.error.reset();
  // The report is on disk before the archive is forgotten: a crash in between tells it twice, never not at all.
  if (config_.api)
    for (const std::string& line : outbox_.add(true, report)) trouble(line);
  pending_.remove(kept);
  say(fmt::format("published the kept archive {}", delivered.name.text()));
}

void BackupRun::make() {
  check_space();
  run_directory_ = work_directory_->begin_run(facts_.run_id);
  backup::CommandsEngine engine;
  backup::ArchivePlan plan{.name = facts_.name,
                           .run_id = facts_.run_id,
                           .directories = existing_directories(),
                           .rules = {.mounts = system::MountTable::current(), .never = {}},
                           .run_directory = run_directory_,
                           .threads = config_.run.threads == 0 ? system::core_count() : config_.run.threads};
  add_identity(config_.run.workdir, plan.rules.never);
  add_identity(config_.run.statedir, plan.rules.never);
  if (config_.folder) add_identity(config_.folder->folder, plan.rules.never);
  say(fmt::format("archiving {}", joined(plan.directories)));
  archive_ = engine.make(plan, {.progress = progress_, .warnings = warnings_}, stop_);
  facts_.made = true;
  facts_.directories = plan.directories;
  facts_.archive_bytes = archive_.bytes;
  facts_.files = archive_.files;
  facts_.source_bytes = archive_.source_bytes;
  const auto on_failure = [this](const Error& error) { trouble(error.what()); };
  attempt([this] { state_.set_last_archive(joined(config_.directories), archive_.bytes); }, on_failure);
  measure();
  attempt([this] { write_made_note(run_directory_, archive_.file, to_report(facts_)); }, on_failure);
  say(fmt::format("made {}: {} from {} ({})", facts_.name.text(), human_bytes(archive_.bytes),
                  counted(archive_.files, "file"), human_bytes(archive_.source_bytes)));
}

void BackupRun::send() {
  say(fmt::format("sending to {}", describe_destination(config_, facts_.name.hostname)));
  const backup::Delivered delivered = deliver(system::FileRange(archive_.file), facts_.name, facts_.run_id, false);
  facts_.name = delivered.name;
  facts_.sha256 = delivered.sha256;
  facts_.verified = delivered.verified;
  facts_.published = true;
  outcome_.stage = RunStage::Published;
  write_last(delivered.name.text());
}

backup::Delivered BackupRun::deliver(const RangeReader& archive, const archive::ArchiveName& name,
                                     const std::string& run_id, bool may_be_published) {
  backup::Delivery delivery(*destination_, state_, progress_);
  return delivery.send({.archive = archive,
                        .name = name,
                        .run_id = run_id,
                        .retry = retry_policy(),
                        .may_be_published = may_be_published,
                        .on_trouble = [this](const std::string& text) { trouble(text); }},
                       stop_);
}

void BackupRun::fail(const Error& error) {
  outcome_.failure = error.kind();
  facts_.error = one_line(error.what());
  if (cancelled()) {
    voices_.log.warning("the run was stopped by a signal");
    return;
  }
  voices_.log.error(facts_.error);
  voices_.console.error(facts_.error);
  if (facts_.made && !facts_.published) keep();
}

void BackupRun::keep() {
  measure();
  const auto on_failure = [this](const Error& error) { alarm(error.what()); };
  attempt(
      [this] {
        const std::string note = json::serialize(report::to_json(to_report(facts_)));
        pending_.keep(archive_.file, facts_.name, note);
        outcome_.kept = true;
        say(fmt::format("the archive is kept in {} and will be sent by the next run",
                        printable((config_.run.statedir / "pending").native())));
      },
      on_failure);
}

void BackupRun::report() {
  // A run that was stopped before it published anything has nothing to tell.
  if (!config_.api || (cancelled() && !facts_.published)) return;
  progress_.stage = backup::Stage::Reporting;
  outcome_.unreported = true;
  for (const std::string& line : outbox_.add(facts_.published, to_report(facts_))) trouble(line);
  if (cancelled()) return;
  const notify::ReportingResult result = tell_server(*config_.api, outbox_,
                                                     {.clock = clock_,
                                                      .retry = reporting_retry_policy(),
                                                      .on_trouble = [this](const std::string& text) { trouble(text); }},
                                                     stop_);
  outcome_.unreported = !result.all_accepted();
  if (result.all_accepted())
    say(fmt::format("reported to {}:{}", config_.api->host, config_.api->port));
  else if (result.waiting > 0)
    trouble(counted(result.waiting, "report") + (result.waiting == 1 ? " waits" : " wait") +
            " in the outbox for the next run");
}

void BackupRun::mail() {
  if (!config_.mail || cancelled()) return;
  const bool good = !outcome_.failure && !outcome_.incomplete && facts_.alarm.empty();
  if (good && config_.mail->when == config::MailSettings::When::Failure) return;
  facts_.warnings = warnings_.counts();
  std::vector<std::string> lines;
  for (const backup::Warning& warning : warnings_.first()) lines.push_back(to_line(warning));
  tell_people(*config_.mail, to_mail(facts_, std::move(lines)), facts_.run_id, stop_);
  say(fmt::format("mailed {}", fmt::join(config_.mail->to, ", ")));
}

void BackupRun::say(const std::string& text) {
  voices_.log.info(text);
  voices_.console.info(text);
}

void BackupRun::trouble(const std::string& text) {
  warnings_.add({.kind = backup::WarningKind::Trouble, .path = "", .reason = text});
}

/// Shown and logged as an error, told to the server and to people, whatever else became of the run.
void BackupRun::alarm(const std::string& text) {
  voices_.log.error(text);
  voices_.console.error(text);
  facts_.alarm += (facts_.alarm.empty() ? "" : "; ") + one_line(text);
}

void BackupRun::on_warning(const backup::Warning& warning) {
  voices_.log.warning(to_line(warning));
  voices_.console.warning(warning);
}

/// What is published is published: without this file it still is.
void BackupRun::write_last(const std::string& name) {
  attempt(
      [&] {
        system::make_directories(config_.run.logdir);
        system::write_file_durably(config_.run.logdir / "last", name + "\n");
      },
      [this](const Error& error) { trouble(error.what()); });
}

void BackupRun::measure() {
  facts_.duration = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun_);
  facts_.warnings = warnings_.counts();
}

bool BackupRun::cancelled() const { return stop_.stop_requested(); }

RetryPolicy BackupRun::retry_policy() const {
  RetryPolicy policy;
  policy.attempts_max = 1 + (config_.ftp ? config_.ftp->retries : 0);
  policy.wait = [stop = stop_](milliseconds duration) { wait_or_cancel(duration, stop); };
  return policy;
}

RetryPolicy BackupRun::reporting_retry_policy() const {
  RetryPolicy policy = retry_policy();
  policy.attempts_max = kReportingAttempts;
  return policy;
}

}  // namespace osbackup::client
