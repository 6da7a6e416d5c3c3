#include "client/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>

#include "core/encoding.hpp"

namespace osbackup::client {
namespace {

const std::string kClearLine = "\r\x1b[K";

/// False, and errno, when it could not be written. A terminal that went away or a full disk behind standard error must
/// not end a backup: there it is not looked at.
bool put(std::FILE* stream, const std::string& text) noexcept {
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
}

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

constexpr std::size_t kResultBytesMax = 64U << 10U;

}  // namespace

ConsoleOptions console_options(bool json, Verbosity verbosity) {
  const bool terminal = isatty(STDERR_FILENO) == 1 && !json && verbosity != Verbosity::Quiet;
  const char* no_color = std::getenv("NO_COLOR");
  const bool color_refused = no_color != nullptr && *no_color != '\0';
  return {.json = json,
          .verbosity = verbosity,
          .terminal = terminal,
          .color = isatty(STDERR_FILENO) == 1 && !color_refused,
          .output_is_watched = isatty(STDOUT_FILENO) == 1};
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
  if (!options_.json && options_.verbosity != Verbosity::Quiet) say(shown_message(text));
}

void Console::detail(const std::string& text) {
  if (!options_.json && options_.verbosity == Verbosity::Verbose) say(shown_message(text));
}

void Console::warning(const Remark& remark) {
  if (options_.json) {
    json::Object object{{"message_type", "warning"}, {"kind", remark.kind}};
    put_path(object, "path", remark.path);
    object["reason"] = shown_message(remark.reason);
    emit(std::move(object));
  } else if (options_.verbosity >= remark.shown_from) {
    say((options_.color ? "\x1b[33mwarning:\x1b[0m " : "warning: ") + to_line(remark));
  }
}

void Console::error(const std::string& text) {
  if (options_.json) emit({{"message_type", "error"}, {"message", shown_message(text)}});
  if (options_.json && options_.output_is_content) return;  // There the line was emitted already.
  say((options_.color ? "\x1b[31mosbackup:\x1b[0m " : "osbackup: ") + shown_message(text));
}

void Console::summary(json::Object object, const std::string& text) {
  if (options_.json) {
    object["message_type"] = "summary";
    emit(std::move(object));
  } else if (options_.verbosity != Verbosity::Quiet) {
    const std::scoped_lock lock(output_mutex_, mutex_);
    clear_live_line();
    put_output(shown_message(text) + "\n");
  }
}

void Console::result(std::string_view line, ByteSink& output) {
  const std::scoped_lock lock(output_mutex_);
  results_.append(line).append("\n");
  if (options_.output_is_watched || results_.size() >= kResultBytesMax) write_results(output);
}

void Console::finish_results(ByteSink& output) {
  const std::scoped_lock lock(output_mutex_);
  if (!results_.empty()) write_results(output);
}

void Console::write_results(ByteSink& output) {
  const std::string results = std::exchange(results_, {});
  std::unique_lock lock(mutex_, std::defer_lock);
  // On a terminal nothing may come between.
  if (options_.output_is_watched) {
    lock.lock();
    clear_live_line();
  }
  output.write(std::as_bytes(std::span(results)));
}

void Console::live(const ProgressView& progress, std::chrono::milliseconds elapsed) {
  if (options_.json) {
    emit(progress.object(elapsed));
  } else if (options_.terminal) {
    const std::scoped_lock lock(mutex_);
    std::string text = progress.text(elapsed);
    text.resize(std::min(text.size(), terminal_columns() - 1));
    put(stderr, kClearLine + text);
    live_line_shown_ = true;
  }
}

void Console::status(const ProgressView& progress, std::chrono::milliseconds elapsed) {
  if (options_.json)
    emit(progress.object(elapsed));
  else
    say(progress.text(elapsed));
}

void Console::say(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  clear_live_line();
  put(stderr, text + "\n");
}

void Console::emit(json::Object object) {
  const std::string text = json::serialize(std::move(object)) + "\n";
  const std::scoped_lock lock(output_mutex_);
  if (options_.output_is_content)
    put(stderr, text);
  else
    put_output(text);
}

void Console::put_output(const std::string& text) noexcept {
  if (!put(stdout, text) && output_problem_ == 0) output_problem_ = errno;
}

int Console::output_problem() {
  const std::scoped_lock lock(output_mutex_);
  return output_problem_;
}

void Console::clear_live_line() {
  if (live_line_shown_) put(stderr, kClearLine);
  live_line_shown_ = false;
}

}  // namespace osbackup::client
