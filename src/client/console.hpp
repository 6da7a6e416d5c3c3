#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "client/progress_view.hpp"
#include "client/remark.hpp"
#include "core/byte_sink.hpp"
#include "core/json.hpp"

namespace osbackup::client {

/// How a command talks.
struct ConsoleOptions {
  bool json = false;  ///< One JSON object a line on standard output, each with `message_type`.
  Verbosity verbosity = Verbosity::Normal;
  bool terminal = false;  ///< Standard error is one, and free: a live line is shown there.
  bool color = false;
  bool output_is_content = false;  ///< Of standard output: then the JSON objects go to standard error.
  bool output_is_watched = false;  ///< Standard output is a terminal: each line is shown at once.
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
  void warning(const Remark& remark);
  /// `osbackup: TEXT`; always shown.
  void error(const std::string& text);
  /// The result: `object` as JSON, or `text` for people.
  void summary(json::Object object, const std::string& text);

  /// One line of many that are the result, without its newline: JSON with --json, printable text otherwise. Held back
  /// until there are 64 KiB of them, or something else is said. Throws what `output` throws.
  void result(std::string_view line, ByteSink& output);
  /// Writes what is held back.
  void finish_results(ByteSink& output);

  /// Draws or redraws the live line on a terminal; one JSON object with --json; nothing elsewhere.
  void live(const ProgressView& progress, std::chrono::milliseconds elapsed);
  /// The same as one plain line: what SIGUSR1 asks for.
  void status(const ProgressView& progress, std::chrono::milliseconds elapsed);

  /// Why a message or a summary could not be written to standard output: errno's value of the first; 0 for none.
  int output_problem();

  const ConsoleOptions& options() const noexcept { return options_; }

 private:
  void say(const std::string& text);
  void emit(json::Object object);
  void put_output(const std::string& text) noexcept;
  void write_results(ByteSink& output);
  void clear_live_line();

  ConsoleOptions options_;
  /// For what goes to standard output, whose reader may be slow: what goes to standard error does not wait for it.
  std::mutex output_mutex_;
  std::string results_;     ///< Held back; guarded by output_mutex_.
  int output_problem_ = 0;  ///< Guarded by output_mutex_.
  std::mutex mutex_;        ///< For standard error; taken after output_mutex_ where both are.
  bool live_line_shown_ = false;
};

/// The options for this process's streams: a terminal or not, `NO_COLOR`.
ConsoleOptions console_options(bool json, Verbosity verbosity);

/// A path for JSON: under `name` when it is UTF-8, else in base64 under `name` + `_b64`.
void put_path(json::Object& object, const std::string& name, const std::string& path);

}  // namespace osbackup::client
