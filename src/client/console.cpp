#include "client/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "client/progress_text.hpp"
#include "core/encoding.hpp"

namespace osbackup::client {
namespace {

using backup::Progress;

const std::string kClearLine = "\r\x1b[K";

/// A terminal that went away or a full disk behind standard error must not end a backup: failures are not looked at.
void put(std::FILE* stream, const std::string& text) noexcept {
  [[maybe_unused]] const std::size_t written = std::fwrite(text.data(), 1, text.size(), stream);
  [[maybe_unused]] const int flushed = std::fflush(stream);
}

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

const char* kind_name(backup::WarningKind kind) {
  switch (kind) {
    case backup::WarningKind::Note:
      return "note";
    case backup::WarningKind::Changed:
      return "changed";
    case backup::WarningKind::Trouble:
      return "trouble";
    case backup::WarningKind::Missing:
      return "missing";
  }
  return "";
}

}  // namespace

ConsoleOptions console_options(bool json, Verbosity verbosity) {
  const bool terminal = isatty(STDERR_FILENO) == 1 && !json && verbosity != Verbosity::Quiet;
  const char* no_color = std::getenv("NO_COLOR");
  const bool color_refused = no_color != nullptr && *no_color != '\0';
  return {.json = json,
          .verbosity = verbosity,
          .terminal = terminal,
          .color = isatty(STDERR_FILENO) == 1 && !color_refused};
}

void put_path(json::Object& object, const std::string& name, const std::string& path) {
  if (is_utf8(path))
    object[name] = path;
  else
    object[name + "_b64"] = base64_encode(path);
}

Console::~Console() {
  const std::scoped_lock lock(mutex_);
  clear_live_line();
}

void Console::info(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  if (options_.json || options_.verbosity == Verbosity::Quiet) return;
  line(stderr, printable(text));
}

void Console::detail(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  if (options_.json || options_.verbosity != Verbosity::Verbose) return;
  line(stderr, printable(text));
}

void Console::warning(const backup::Warning& warning) {
  const std::scoped_lock lock(mutex_);
  if (options_.json) {
    json::Object object{{"message_type", "warning"}, {"kind", kind_name(warning.kind)}};
    put_path(object, "path", warning.path);
    object["reason"] = printable(warning.reason);
    emit(std::move(object));
    return;
  }
  // What was left out by rule is worth a line only to who asks; all of it is in backup.log.
  const bool asked = options_.verbosity == Verbosity::Verbose;
  if (options_.verbosity == Verbosity::Quiet || (warning.kind == backup::WarningKind::Note && !asked)) return;
  line(stderr, (options_.color ? "\x1b[33mwarning:\x1b[0m " : "warning: ") + to_line(warning));
}

void Console::error(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  if (options_.json) emit({{"message_type", "error"}, {"message", printable(text)}});
  line(stderr, (options_.color ? "\x1b[31mosbackup:\x1b[0m " : "osbackup: ") + printable(text));
}

void Console::summary(json::Object object, const std::string& text) {
  const std::scoped_lock lock(mutex_);
  if (options_.json) {
    object["message_type"] = "summary";
    emit(std::move(object));
  } else if (options_.verbosity != Verbosity::Quiet) {
    line(stdout, printable(text));
  }
}

void Console::live(const Progress& progress, std::chrono::milliseconds elapsed) {
  const std::scoped_lock lock(mutex_);
  if (options_.json) {
    emit(progress_object(progress, {elapsed}));
  } else if (options_.terminal) {
    std::string text = progress_text(progress, {elapsed});
    text.resize(std::min(text.size(), terminal_columns() - 1));
    put(stderr, kClearLine + text);
    live_line_shown_ = true;
  }
}

void Console::status(const Progress& progress, std::chrono::milliseconds elapsed) {
  const std::scoped_lock lock(mutex_);
  if (options_.json)
    emit(progress_object(progress, {elapsed}));
  else
    line(stderr, progress_text(progress, {elapsed}));
}

void Console::line(std::FILE* stream, const std::string& text) {
  clear_live_line();
  put(stream, text + "\n");
}

void Console::emit(json::Object object) { put(stdout, json::serialize(std::move(object)) + "\n"); }

void Console::clear_live_line() {
  if (live_line_shown_) put(stderr, kClearLine);
  live_line_shown_ = false;
}

}  // namespace osbackup::client
