#include "report/field_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/encoding.hpp"
#include "report/run_id.hpp"

namespace osbackup::report {
namespace {

constexpr std::size_t kDigestDigits = 64;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// What the JSON value says as a whole number; nothing when it says anything else.
std::optional<std::uint64_t> whole_number(const json::Value& value) {
  if (const std::int64_t* number = value.if_int64())
    return *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
  if (const std::uint64_t* number = value.if_uint64()) return *number;
  if (const auto* text = value.if_string()) return parse_digits({text->data(), text->size()});
  return std::nullopt;
}

}  // namespace

void throw_missing(std::string_view name) { throw Error(ErrorKind::Usage, fmt::format("{} is missing", name)); }

void throw_wrong(std::string_view name, std::string_view expected) {
  throw Error(ErrorKind::Usage, fmt::format("{} must be {}", name, expected));
}

const json::Value* FieldReader::find(std::string_view name) const {
  const json::Value* value = object_.if_contains(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

std::optional<std::string> FieldReader::optional_text(std::string_view name, std::size_t bytes_max) const {
  const json::Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->if_string();
  if (text == nullptr) throw_wrong(name, "text");
  const std::string_view bytes(text->data(), text->size());
  if (bytes.size() > bytes_max) throw_wrong(name, fmt::format("at most {} bytes", bytes_max));
  if (!is_utf8(bytes)) throw_wrong(name, "UTF-8");
  if (std::any_of(bytes.begin(), bytes.end(), is_control)) throw_wrong(name, "one line without control characters");
  return std::string(bytes);
}

std::string FieldReader::text(std::string_view name, std::size_t bytes_max) const {
  std::optional<std::string> value = optional_text(name, bytes_max);
  if (!value) throw_missing(name);
  return *std::move(value);
}

std::optional<std::string> FieldReader::optional_digest(std::string_view name) const {
  const std::optional<std::string> digest = optional_text(name, kDigestDigits);
  if (!digest) return std::nullopt;
  if (digest->size() != kDigestDigits || !is_hex(*digest)) throw_wrong(name, "64 hexadecimal digits");
  return lower_case(*digest);
}

std::optional<std::uint64_t> FieldReader::optional_integer(std::string_view name, std::uint64_t max) const {
  const json::Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::uint64_t> number = whole_number(*value);
  if (!number || *number > max) throw_wrong(name, fmt::format("a whole number from 0 to {}", max));
  return number;
}

std::optional<bool> FieldReader::optional_flag(std::string_view name) const {
  const json::Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::uint64_t> number = whole_number(*value);
  if (!number || *number > 1) throw_wrong(name, "0 or 1");
  return *number == 1;
}

bool FieldReader::flag(std::string_view name) const {
  const std::optional<bool> value = optional_flag(name);
  if (!value) throw_missing(name);
  return *value;
}

}  // namespace osbackup::report
