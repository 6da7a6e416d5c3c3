#include "client/backup_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/archive_plan.hpp"
#include "client/made_note.hpp"
#include "client/open_destination.hpp"
#include "client/open_engine.hpp"
#include "client/run_retries.hpp"
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

}  // namespace

BackupRun::BackupRun(const config::ClientConfig& config, RunVoices voices, backup::Progress& progress,
                     const system::SignalWatch& signals)
    : config_(config),
      voices_(voices),
      progress_(progress),
      signals_(signals),
      stop_(signals.stop_token()),
      pass_on_stop_(stop_, [this] { stop_sending_.request_stop(); }),
      warnings_([this](const backup::Warning& warning) { on_warning(warning); }),
      facts_(facts_at_start(config, clock_.now())),
      state_(config.run.statedir),
      pending_(config.run.statedir / "pending", [this](const std::string& loss) { alarm(loss); }),
      outbox_(config.run.statedir / "outbox") {
  destination_ = open_destination(config_, facts_.name.hostname, stop_sending_.get_token());
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
  const auto on_failure = [this](const Error& error) { trouble(error.what()); };
  attempt([this] { queue_report(); }, on_failure);
  // Only now: until the report is on disk, the note in the run directory is all that tells of what was published.
  work_directory_.reset();
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
  make_and_send();
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
  backup::Delivery(*destination_, state_, progress_).remove_leftovers(trouble_teller());
}

/// The lock says that no other run is at work: what lies there, a killed one left. An archive that it made is not lost.
void BackupRun::adopt_what_killed_runs_made() {
  for (const fs::path& leftover : work_directory_->leftovers()) {
    attempt(
        [&] {
          const std::optional<MadeNote> made = read_made_note(leftover);
          // A note alone: the archive was kept or reported, and the run killed before it had tidied up.
          if (!made || !system::exists(made->archive)) return;
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
  const std::uint64_t wanted = bytes_on_disk(config_.archive, state_.last_archive_bytes(joined(config_.directories)));
  const std::uint64_t there = system::disk_space(work_directory_->path()).free_bytes;
  if (there < wanted)
    throw Error(
        ErrorKind::NoSpace,
        fmt::format("{} has {} free, and the last archive took {}: make room, or set [Run] workdir to a directory "
                    "on a larger file system",
                    printable(work_directory_->path().native()), human_bytes(there), human_bytes(wanted)));
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
      if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::LoginRefused ||
          error.kind() == ErrorKind::Refused)
        return;
    }
  }
}

void BackupRun::send_kept_archive(const backup::PendingArchive& kept) {
  if (!backup::PendingArchives::is_whole(kept)) {
    pending_.set_aside(kept.file);
    return;
  }
  report::BackupReport report = report::report_from_json(json::parse(kept.note));
  const system::FileRange content(kept.file);
  backup::CompleteArchive archive(content);
  const backup::Delivered delivered = deliver({.archive = archive,
                                               .name = kept.name,
                                               .run_id = report.run_id.value_or(facts_.run_id),
                                               .retry = transfer_retries(config_, stop_sending_.get_token()),
                                               .may_be_published = true,
                                               .on_trouble = trouble_teller()});
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

void BackupRun::make_and_send() {
  check_space();
  run_directory_ = work_directory_->begin_run(facts_.run_id);
  const std::unique_ptr<backup::Engine> engine = open_engine(config_);
  spool_ = open_spool(config_, run_directory_);
  const backup::ArchivePlan plan =
      plan_archive(config_, {.name = facts_.name, .run_id = facts_.run_id, .run_directory = run_directory_}, warnings_);
  say(fmt::format("archiving {}, sending to {}", joined(plan.directories),
                  describe_destination(config_, facts_.name.hostname)));
  settle(backup::make_and_send({.engine = *engine,
                                .plan = plan,
                                .observer = {.progress = progress_, .warnings = warnings_},
                                .spool = *spool_,
                                .send = [&](backup::ArchiveSource& archive) { return send(archive, plan); },
                                .on_made = [&](const backup::MadeArchive& made) { on_made(made, plan); },
                                .stop = stop_,
                                .stop_sending = stop_sending_}));
}

/// On the sending thread: touches nothing that the main thread uses meanwhile.
backup::Delivered BackupRun::send(backup::ArchiveSource& archive, const backup::ArchivePlan& plan) {
  return deliver({.archive = archive,
                  .name = plan.name,
                  .run_id = plan.run_id,
                  .retry = transfer_retries(config_, stop_sending_.get_token()),
                  .on_trouble = trouble_teller()});
}

/// The archive is complete, and not yet published. From here on a run that is killed loses nothing that it had on disk.
void BackupRun::on_made(const backup::MadeArchive& made, const backup::ArchivePlan& plan) {
  facts_.directories = plan.directories;
  facts_.archive_bytes = made.bytes;
  facts_.files = made.files;
  facts_.source_bytes = made.source_bytes;
  facts_.manifest_sha256 = made.manifest_sha256;
  measure();
  if (made.excluded > 0) voices_.log.info(counted(made.excluded, "object") + " excluded");
  if (const std::optional<fs::path> file = spool_->file()) {
    facts_.made = true;
    attempt([&] { write_made_note(run_directory_, *file, to_report(facts_)); },
            [this](const Error& error) { trouble(error.what()); });
  }
  // Whoever is told of it finds it again, also after a kill.
  say(fmt::format("made {}: {} from {} ({})", facts_.name.text(), human_bytes(made.bytes), counted(made.files, "file"),
                  human_bytes(made.source_bytes)));
}

/// Both threads have ended.
void BackupRun::settle(const backup::ArchiveEnd& end) {
  if (end.made)
    attempt([&] { state_.set_last_archive(joined(config_.directories), end.made->bytes); },
            [this](const Error& error) { trouble(error.what()); });
  if (end.making_failure) throw Error(*end.making_failure);
  outcome_.stage = RunStage::Sending;
  if (end.sending_failure && !facts_.made)
    throw Error(end.sending_failure->kind(),
                std::string(end.sending_failure->what()) + "; nothing of the archive is kept");
  if (end.sending_failure) throw Error(*end.sending_failure);
  facts_.name = end.delivered->name;
  facts_.sha256 = end.delivered->sha256;
  facts_.verified = end.delivered->verified;
  facts_.made = true;
  facts_.published = true;
  outcome_.stage = RunStage::Published;
  write_last(facts_.name.text());
}

backup::Delivered BackupRun::deliver(const backup::DeliveryOrder& order) {
  return backup::Delivery(*destination_, state_, progress_).send(order, stop_sending_.get_token());
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
        pending_.keep(spool_->file().value(), facts_.name, note);
        outcome_.kept = true;
        say(fmt::format("the archive is kept in {} and will be sent by the next run",
                        printable((config_.run.statedir / "pending").native())));
      },
      on_failure);
}

/// A run that was stopped before it published anything has nothing to tell.
bool BackupRun::has_report() const { return config_.api && (!cancelled() || facts_.published); }

void BackupRun::queue_report() {
  if (!has_report()) return;
  progress_.stage = backup::Stage::Reporting;
  outcome_.unreported = true;
  for (const std::string& line : outbox_.add(facts_.published, to_report(facts_))) trouble(line);
}

void BackupRun::report() {
  if (!has_report() || cancelled()) return;
  const notify::ReportingResult result =
      tell_server(*config_.api, outbox_,
                  {.clock = clock_, .retry = reporting_retries(stop_), .on_trouble = trouble_teller()}, stop_);
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

std::function<void(const std::string&)> BackupRun::trouble_teller() {
  return [this](const std::string& text) { trouble(text); };
}

/// Shown and logged as an error, told to the server and to people, whatever else became of the run.
void BackupRun::alarm(const std::string& text) {
  voices_.log.error(text);
  voices_.console.error(text);
  facts_.alarm += (facts_.alarm.empty() ? "" : "; ") + one_line(text);
}

void BackupRun::on_warning(const backup::Warning& warning) {
  voices_.log.warning(to_line(warning));
  voices_.console.warning(to_remark(warning));
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

}  // namespace osbackup::client
