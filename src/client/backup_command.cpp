#include "client/backup_command.hpp"

#include <sys/stat.h>

#include <chrono>
#include <string>
#include <vector>

#include "client/backup_run.hpp"
#include "client/progress_display.hpp"
#include "client/progress_text.hpp"
#include "config/client_config.hpp"
#include "core/encoding.hpp"
#include "system/file.hpp"
#include "system/host.hpp"
#include "system/priority.hpp"
#include "system/process_lock.hpp"
#include "system/signal_watch.hpp"

namespace osbackup::client {
namespace {

void require_root() {
  if (system::is_root()) return;
  const std::string message = "osbackup backup must run as root: the directories can be read by root alone";
  // backup.log is root's: this goes to the system's log instead.
  system::write_syslog_error(message);
  throw Error(ErrorKind::Denied, message);
}

/// Lets others go first, for this thread and all that start later. What could not be set, the run goes on without.
std::vector<std::string> lower_priorities(const config::RunSettings& run) {
  std::vector<std::string> problems;
  const auto attempt = [&](const auto& set) {
    try {
      set();
    } catch (const Error& error) {
      problems.emplace_back(error.what());
    }
  };
  if (run.nice) attempt([&] { system::set_nice(*run.nice); });
  if (run.ionice) {
    const bool idle = run.ionice->io_class == config::IoPrioritySettings::Class::Idle;
    attempt([&] {
      system::set_io_priority(idle ? system::IoClass::Idle : system::IoClass::BestEffort, run.ionice->level);
    });
  }
  return problems;
}

int locked_run(const config::ClientConfig& config, RunVoices voices, backup::Progress& progress,
               const system::SignalWatch& signals) {
  system::make_directories(config.run.statedir);
  const system::ProcessLock lock(config.run.statedir / "lock");
  BackupRun run(config, voices, progress, signals);
  const BackupProgressView view(progress);
  const ProgressDisplay display(voices.console, view);
  return exit_code(run.run());
}

}  // namespace

int backup_command(const CommonOptions& options) {
  require_root();
  // What the run makes is root's alone, whatever cron's mask is.
  umask(077);
  const config::ClientConfig config = config::load_client_config(options.config);
  if (config.directories.empty())
    throw Error(ErrorKind::Usage, printable(options.config.native()) +
                                      ": the section [BackupDirs] with directory = /etc,/home (and so on) is missing");
  const std::vector<std::string> priority_problems = lower_priorities(config.run);
  backup::Progress progress;
  Console console(console_options(options.json, options.verbosity));
  const auto started = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  };
  const BackupProgressView view(progress);
  const system::SignalWatch signals([&] { console.status(view, elapsed()); });
  RunLog log(config.run.logdir);
  if (!log.problem().empty()) {
    console.error(log.problem());
    system::write_syslog_error(log.problem());
  }
  for (const std::string& problem : priority_problems) {
    log.warning(problem);
    console.warning(to_remark(backup::Warning{.kind = backup::WarningKind::Trouble, .path = "", .reason = problem}));
  }
  try {
    return locked_run(config, {.console = console, .log = log}, progress, signals);
  } catch (const Error& error) {
    log.error(error.what());
    throw;
  }
}

}  // namespace osbackup::client
