#include "archive/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding.hpp"

namespace osbackup::archive {
namespace {

std::string_view view_of(const boost::json::string& text) { return {text.data(), text.size()}; }

std::string base64_key(std::string_view key) { return std::string(key) + "_b64"; }

[[noreturn]] void throw_missing(std::string_view key) {
  throw Error(ErrorKind::Corrupt, fmt::format("{} is missing", key));
}

}  // namespace

void throw_not(std::string_view key, std::string_view expected) {
  throw Error(ErrorKind::Corrupt, fmt::format("{} is not {}", key, expected));
}

json::Object parse_object(std::string_view text) {
  json::Value value = json::parse(text);
  if (!value.is_object()) throw Error(ErrorKind::Corrupt, "not a JSON object");
  return std::move(value.as_object());
}

const json::Value& JsonFields::value(std::string_view key) const {
  const json::Value* found = object_.if_contains(key);
  if (found == nullptr) throw_missing(key);
  return *found;
}

std::optional<std::string> JsonFields::optional_bytes(std::string_view key) const {
  const json::Value* plain = object_.if_contains(key);
  const json::Value* encoded = object_.if_contains(base64_key(key));
  if (plain == nullptr && encoded == nullptr) return std::nullopt;
  if (plain != nullptr && encoded != nullptr) throw_not(key, "there once: there is base64 of it as well");
  const auto* text = (plain != nullptr ? plain : encoded)->if_string();
  if (text == nullptr) throw_not(key, "text");
  std::optional<std::string> bytes(view_of(*text));
  if (encoded != nullptr) bytes = base64_decode(*bytes);
  if (!bytes) throw_not(base64_key(key), "base64");
  if (bytes->empty() || bytes->find('\0') != std::string::npos) throw_not(key, "a text without NUL");
  return bytes;
}

std::string JsonFields::bytes(std::string_view key) const {
  std::optional<std::string> bytes = optional_bytes(key);
  if (!bytes) throw_missing(key);
  return *std::move(bytes);
}

std::optional<std::string> JsonFields::optional_text(std::string_view key) const {
  return object_.contains(key) ? std::optional(text(key)) : std::nullopt;
}

std::string JsonFields::text(std::string_view key) const {
  const auto* text = value(key).if_string();
  if (text == nullptr) throw_not(key, "text");
  std::string bytes(view_of(*text));
  if (printable(bytes, bytes.size() + 1) != bytes) throw_not(key, "text without control characters");
  return bytes;
}

std::uint64_t JsonFields::number(std::string_view key, std::uint64_t max) const {
  const json::Value& field = value(key);
  std::optional<std::uint64_t> number;
  if (const std::int64_t* integer = field.if_int64(); integer != nullptr && *integer >= 0)
    number = static_cast<std::uint64_t>(*integer);
  if (const std::uint64_t* integer = field.if_uint64()) number = *integer;
  if (!number || *number > max) throw_not(key, fmt::format("a whole number from 0 to {}", max));
  return *number;
}

std::optional<crypto::Sha256Digest> JsonFields::optional_digest(std::string_view key) const {
  return object_.contains(key) ? std::optional(digest(key)) : std::nullopt;
}

crypto::Sha256Digest JsonFields::digest(std::string_view key) const {
  const auto* text = value(key).if_string();
  const std::optional<crypto::Sha256Digest> digest =
      text == nullptr ? std::nullopt : crypto::digest_from_hex(view_of(*text));
  if (!digest) throw_not(key, "64 lower-case hexadecimal digits");
  return *digest;
}

bool JsonFields::flag(std::string_view key) const {
  const json::Value* found = object_.if_contains(key);
  if (found == nullptr) return false;
  const bool* is_set = found->if_bool();
  if (is_set == nullptr || !*is_set) throw_not(key, "true");
  return true;
}

const json::Object& JsonFields::object(std::string_view key) const {
  const auto* object = value(key).if_object();
  if (object == nullptr) throw_not(key, "an object");
  return *object;
}

const json::Array& JsonFields::array(std::string_view key) const {
  const auto* array = value(key).if_array();
  if (array == nullptr) throw_not(key, "a list");
  return *array;
}

void JsonFields::expect_absent(std::string_view key) const {
  if (object_.contains(key) || object_.contains(base64_key(key))) throw_not(key, "known for this type");
}

}  // namespace osbackup::archive
