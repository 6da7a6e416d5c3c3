#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace osbackup::archive {

/// Builds one JSON object (RFC 8259) on one line, key by key. Keys are plain ASCII. There are millions of these lines,
/// so nothing is allocated but the line itself. One thread at a time.
class JsonLine {
 public:
  JsonLine() : text_("{") {}
  explicit JsonLine(std::string begun) : text_(std::move(begun)) {}

  /// Bytes that are not UTF-8 give `KEY_b64` with base64 instead.
  JsonLine& add_bytes(std::string_view key, std::string_view bytes);
  /// Text that is plain ASCII without anything to escape.
  JsonLine& add_plain(std::string_view key, std::string_view text);
  JsonLine& add_number(std::string_view key, std::uint64_t number);
  JsonLine& add_true(std::string_view key);
  /// Seconds and nanoseconds as a decimal number in quotes: `"-1.500000000"` is 1.5 s before the epoch.
  JsonLine& add_time(std::string_view key, const timespec& time);

  /// The line so far, without its closing brace.
  std::string take() { return std::move(text_); }

 private:
  void add_key(std::string_view key, std::string_view suffix);
  void add_quoted(std::string_view text);

  std::string text_;
};

}  // namespace osbackup::archive
