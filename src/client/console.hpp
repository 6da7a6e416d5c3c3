#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "backup/progress.hpp"
#include "backup/warning_log.hpp"
#include "core/json.hpp"

namespace osbackup::client {

/// How much is said.
enum class Verbosity { Quiet, Normal, Verbose };

/// How a command talks.
struct ConsoleOptions {
  bool json = false;  ///< One JSON object a line on standard output, each with `message_type`.
  Verbosity verbosity = Verbosity::Normal;
  bool terminal = false;  ///< Standard error is one: a live line is shown there.
  bool color = false;
};

/// What a person or a program sees of a run: results on standard output, everything else on standard error.
/// Thread-safe.
class Console {
 public:
  explicit Console(ConsoleOptions options) : options_(options) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console();

  /// One step of the work; not shown when quiet.
  void info(const std::string& text);
  /// Shown when verbose.
  void detail(const std::string& text);
  void warning(const backup::Warning& warning);
  /// `osbackup: TEXT`; always shown.
  void error(const std::string& text);
  /// The result: `object` as JSON, or `text` for people.
  void summary(json::Object object, const std::string& text);

  /// Draws or redraws the live line on a terminal; one JSON object with --json; nothing elsewhere.
  void live(const backup::Progress& progress, std::chrono::milliseconds elapsed);
  /// The same as one plain line: what SIGUSR1 asks for.
  void status(const backup::Progress& progress, std::chrono::milliseconds elapsed);

  const ConsoleOptions& options() const noexcept { return options_; }

 private:
  void line(std::FILE* stream, const std::string& text);
  void emit(json::Object object);
  void clear_live_line();

  ConsoleOptions options_;
  std::mutex mutex_;
  bool live_line_shown_ = false;
};

/// The options for this process's streams: a terminal or not, `NO_COLOR`.
ConsoleOptions console_options(bool json, Verbosity verbosity);

/// A path for JSON: under `name` when it is UTF-8, else in base64 under `name` + `_b64`.
void put_path(json::Object& object, const std::string& name, const std::string& path);

}  // namespace osbackup::client
