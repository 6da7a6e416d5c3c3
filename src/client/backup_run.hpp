#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "backup/archive_job.hpp"
#include "backup/delivery.hpp"
#include "backup/host_state.hpp"
#include "backup/pending_archives.hpp"
#include "backup/spool.hpp"
#include "backup/work_directory.hpp"
#include "client/backup_facts.hpp"
#include "client/console.hpp"
#include "client/outcome.hpp"
#include "client/run_log.hpp"
#include "config/client_config.hpp"
#include "core/clock.hpp"
#include "notify/outbox.hpp"
#include "storage/destination.hpp"
#include "system/signal_watch.hpp"

namespace osbackup::client {

/// Who hears of a run: a person or a program at the console, and backup.log.
struct RunVoices {
  Console& console;
  RunLog& log;
};

/// One run of `osbackup backup`: what was kept is sent, a new archive is made, sent and published, and the server and
/// people are told. The caller holds the run's lock. Used once, by one thread; while an archive is made, a thread of
/// its own sends it.
class BackupRun {
 public:
  /// Throws Error when the state directory cannot be used.
  BackupRun(const config::ClientConfig& config, RunVoices voices, backup::Progress& progress,
            const system::SignalWatch& signals);

  /// Throws nothing that a failing backup could throw: it is in the outcome, in the log, and in what the server and
  /// people are told.
  Outcome run();

 private:
  void work();
  void prepare();
  void adopt_what_killed_runs_made();
  void check_space() const;
  void send_kept();
  void send_kept_archive(const backup::PendingArchive& kept);
  void make_and_send();
  backup::Delivered send(backup::ArchiveSource& archive, const backup::ArchivePlan& plan);
  void on_made(const backup::MadeArchive& made, const backup::ArchivePlan& plan);
  void settle(const backup::ArchiveEnd& end);
  backup::Delivered deliver(const backup::DeliveryOrder& order);
  void keep();
  bool has_report() const;
  void queue_report();
  void report();
  void mail();

  /// Calls a step; what it throws goes to `on_failure`.
  template <class Step, class OnFailure>
  void attempt(Step step, OnFailure on_failure);
  void fail(const Error& error);
  void say(const std::string& text);
  void trouble(const std::string& text);
  std::function<void(const std::string&)> trouble_teller();
  void alarm(const std::string& text);
  void on_warning(const backup::Warning& warning);
  void write_last(const std::string& name);
  void measure();
  bool cancelled() const;

  const config::ClientConfig& config_;
  RunVoices voices_;
  backup::Progress& progress_;
  const system::SignalWatch& signals_;
  std::stop_token stop_;
  std::stop_source stop_sending_;  ///< Ends what goes on at the destination, and only that.
  std::stop_callback<std::function<void()>> pass_on_stop_;
  SystemClock clock_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  backup::WarningLog warnings_;
  BackupFacts facts_;
  Outcome outcome_;
  backup::HostState state_;
  backup::PendingArchives pending_;
  notify::Outbox outbox_;
  std::unique_ptr<storage::Destination> destination_;
  std::optional<backup::WorkDirectory> work_directory_;
  std::filesystem::path run_directory_;
  std::unique_ptr<backup::Spool> spool_;
};

}  // namespace osbackup::client
