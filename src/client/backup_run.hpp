#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/delivery.hpp"
#include "backup/engine.hpp"
#include "backup/host_state.hpp"
#include "backup/pending_archives.hpp"
#include "backup/work_directory.hpp"
#include "client/backup_facts.hpp"
#include "client/console.hpp"
#include "client/outcome.hpp"
#include "client/run_log.hpp"
#include "config/client_config.hpp"
#include "core/clock.hpp"
#include "core/retry_policy.hpp"
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
/// people are told. The caller holds the run's lock. Used once, by one thread.
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
  std::vector<std::string> existing_directories();
  void send_kept();
  void send_kept_archive(const backup::PendingArchive& kept);
  void make();
  void send();
  backup::Delivered deliver(const RangeReader& archive, const archive::ArchiveName& name, const std::string& run_id,
                            bool may_be_published);
  void keep();
  void report();
  void mail();

  /// Calls a step; what it throws goes to `on_failure`.
  template <class Step, class OnFailure>
  void attempt(Step step, OnFailure on_failure);
  void fail(const Error& error);
  void say(const std::string& text);
  void trouble(const std::string& text);
  void alarm(const std::string& text);
  void on_warning(const backup::Warning& warning);
  void write_last(const std::string& name);
  void measure();
  bool cancelled() const;
  RetryPolicy retry_policy() const;
  RetryPolicy reporting_retry_policy() const;

  const config::ClientConfig& config_;
  RunVoices voices_;
  backup::Progress& progress_;
  const system::SignalWatch& signals_;
  std::stop_token stop_;
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
  backup::MadeArchive archive_;
};

}  // namespace osbackup::client
