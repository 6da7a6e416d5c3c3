#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace osbackup::report {

/// Reads the fields of one JSON object strictly. A field that is null counts as missing. Every function throws Usage,
/// whose text names the field and what was expected and holds nothing of its value. One thread at a time; the object
/// outlives the reader.
class FieldReader {
 public:
  explicit FieldReader(const json::Object& object) : object_(object) {}

  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// UTF-8 without control characters, at most `bytes_max` bytes.
  std::optional<std::string> optional_text(std::string_view name, std::size_t bytes_max) const;
  std::string text(std::string_view name, std::size_t bytes_max) const;

  /// The 64 hexadecimal digits of a SHA-256, in lower case.
  std::optional<std::string> optional_digest(std::string_view name) const;

  /// A whole number from 0 to `max`, as a number or as decimal digits.
  std::optional<std::uint64_t> optional_integer(std::string_view name, std::uint64_t max) const;

  /// 0 or 1, as a number or as text.
  std::optional<bool> optional_flag(std::string_view name) const;
  bool flag(std::string_view name) const;

 private:
  const json::Value* find(std::string_view name) const;

  const json::Object& object_;
};

/// Throws Usage: "ip is missing".
[[noreturn]] void throw_missing(std::string_view name);

/// Throws Usage: "ip must be an IPv4 or IPv6 address".
[[noreturn]] void throw_wrong(std::string_view name, std::string_view expected);

}  // namespace osbackup::report
