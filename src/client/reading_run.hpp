#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/command_line.hpp"
#include "client/console.hpp"
#include "client/outcome.hpp"
#include "client/restore_progress_view.hpp"
#include "client/standard_output.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "restore/restore_progress.hpp"
#include "restore/trouble_log.hpp"
#include "storage/destination.hpp"
#include "system/signal_watch.hpp"

namespace osbackup::client {

/// How a command that reads archives talks to whoever called it, is stopped by signals, and ends. One for each process;
/// a command is one thread, but console and progress may be used by others.
class ReadingRun {
 public:
  /// What standard output is for.
  enum class Output {
    Messages,  ///< What the command finds, for people, or with --json for programs.
    Listing,   ///< The same, of any length: people send it through a pager.
    Content,   ///< A file; messages as JSON go to standard error.
  };

  explicit ReadingRun(const CommonOptions& options, Output output = Output::Messages);

  Console& console() noexcept { return console_; }
  restore::RestoreProgress& progress() noexcept { return progress_; }
  RestoreProgressView& view() noexcept { return view_; }
  StandardOutput& output() noexcept { return output_; }
  std::chrono::milliseconds elapsed() const;

  /// When a signal asks to stop.
  std::stop_token stop() const { return signals_.stop_token(); }
  /// Throws Cancelled when one did.
  void throw_if_stopped() const;

  /// A line of the result, one of many: JSON with --json, for people otherwise. By any thread.
  void result(std::string_view line) { console_.result(line, output_); }
  /// What the command came to, told when it ends, whatever became of it. The object gets the exit code.
  void summarise(json::Object object, std::string text);

  void set_stage(RunStage stage) noexcept { outcome_.stage = stage; }
  /// Some of it could not be done.
  void set_incomplete() noexcept { outcome_.incomplete = true; }
  /// An archive is damaged.
  void set_damaged() noexcept { outcome_.damaged = true; }
  /// Tells a trouble; what it means for the exit code is noted.
  void add_trouble(const restore::Trouble& trouble);
  /// Tells of an archive among several, or of a part of one, that could not be read: some of the command is not done.
  void add_unread(const Error& error);

  /// Runs the command, and tells what it throws.
  void attempt(const std::function<void()>& work);
  /// Tells the rest, with what reading has cost, and gives the exit code.
  int finish(const storage::Traffic& traffic);

 private:
  void fail(const Error& error);
  int code_of_unheard(int problem, int code);

  Console console_;
  restore::RestoreProgress progress_;
  RestoreProgressView view_{progress_};
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  system::SignalWatch signals_;
  StandardOutput output_;
  Outcome outcome_;
  json::Object summary_;
  std::string summary_text_;
};

}  // namespace osbackup::client
