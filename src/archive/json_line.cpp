#include "archive/json_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/encoding.hpp"

namespace osbackup::archive {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == 0x7F; }

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

void JsonLine::add_key(std::string_view key, std::string_view suffix) {
  if (text_.size() > 1) text_ += ',';
  text_.append("\"").append(key).append(suffix).append("\":");
}

void JsonLine::add_quoted(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  text_ += '"';
  for (const char c : text) {
    if (!needs_escape(c)) {
      text_ += c;
    } else if (c == '"' || c == '\\') {
      text_.append({'\\', c});
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text_.append("\\u00").append({kDigits[byte >> 4U], kDigits[byte & 15U]});
    }
  }
  text_ += '"';
}

JsonLine& JsonLine::add_bytes(std::string_view key, std::string_view bytes) {
  if (is_utf8(bytes)) {
    add_key(key, "");
    add_quoted(bytes);
  } else {
    add_key(key, "_b64");
    text_.append("\"").append(base64_encode(bytes)).append("\"");
  }
  return *this;
}

JsonLine& JsonLine::add_plain(std::string_view key, std::string_view text) {
  add_key(key, "");
  text_.append("\"").append(text).append("\"");
  return *this;
}

JsonLine& JsonLine::add_number(std::string_view key, std::uint64_t number) {
  add_key(key, "");
  append_number(text_, number);
  return *this;
}

JsonLine& JsonLine::add_true(std::string_view key) {
  add_key(key, "");
  text_ += "true";
  return *this;
}

JsonLine& JsonLine::add_time(std::string_view key, const timespec& time) {
  add_key(key, "");
  std::int64_t seconds = time.tv_sec;
  // A damaged inode may hold more of them than a second has.
  std::int64_t nanoseconds = std::clamp<std::int64_t>(time.tv_nsec, 0, kNanosecondsPerSecond - 1);
  // The kernel counts nanoseconds up from the second before; a decimal number counts both away from zero.
  const bool is_negative = seconds < 0;
  if (is_negative && nanoseconds > 0) {
    seconds += 1;
    nanoseconds = kNanosecondsPerSecond - nanoseconds;
  }
  text_ += is_negative ? "\"-" : "\"";
  append_number(text_, is_negative ? std::uint64_t{0} - static_cast<std::uint64_t>(seconds)
                                   : static_cast<std::uint64_t>(seconds));
  text_ += '.';
  std::array<char, 9> digits{};
  for (std::size_t i = digits.size(); i-- > 0; nanoseconds /= 10) digits[i] = static_cast<char>('0' + nanoseconds % 10);
  text_.append(digits.data(), digits.size()).append("\"");
  return *this;
}

}  // namespace osbackup::archive
