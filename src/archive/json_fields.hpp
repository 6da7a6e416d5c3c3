#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "crypto/digest.hpp"

namespace osbackup::archive {

/// Reads the keys of one JSON object out of an archive strictly (docs/format.md, "Lines" and "Manifest"). Keys that
/// nobody asks for are ignored. Every function throws Corrupt, whose text names the key and what was expected and holds
/// nothing of its value. One thread at a time; the object outlives the reader.
class JsonFields {
 public:
  explicit JsonFields(const json::Object& object) : object_(object) {}

  /// Bytes, which stand as base64 under `KEY_b64` where they are not UTF-8. Not empty, without NUL.
  std::string bytes(std::string_view key) const;
  std::optional<std::string> optional_bytes(std::string_view key) const;

  /// UTF-8 as it can be printed: without control characters.
  std::string text(std::string_view key) const;
  std::optional<std::string> optional_text(std::string_view key) const;

  /// A whole number from 0 to `max`.
  std::uint64_t number(std::string_view key, std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) const;

  /// 64 lower-case hexadecimal digits.
  crypto::Sha256Digest digest(std::string_view key) const;
  std::optional<crypto::Sha256Digest> optional_digest(std::string_view key) const;

  /// True when the key is there; it may be nothing else.
  bool flag(std::string_view key) const;

  const json::Object& object(std::string_view key) const;
  const json::Array& array(std::string_view key) const;

  /// That there is neither this key nor `KEY_b64`, where the object is of a kind that has none.
  void expect_absent(std::string_view key) const;

 private:
  const json::Value& value(std::string_view key) const;

  const json::Object& object_;
};

/// The object that a text is. Corrupt when it is no JSON, or JSON of another kind.
json::Object parse_object(std::string_view text);

/// Throws Corrupt: "size is not a whole number".
[[noreturn]] void throw_not(std::string_view key, std::string_view expected);

}  // namespace osbackup::archive
