#include "config/section.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/ip_address.hpp"

namespace osbackup::config {
namespace {

constexpr std::size_t kHostBytesMax = 255;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The user's habit of writing a note behind a value: say how such a note is written.
std::string hint_for(std::string_view text) {
  return text.find_first_of(" \t") == std::string_view::npos ? "" : " (a note after a value begins with ;)";
}

void require_text_in(const IniValue& value) {
  if (value.text.empty())
    throw Error(ErrorKind::Usage,
                fmt::format("{}: {} has no value; give one or remove the line", value.where(), value.key));
}

}  // namespace

void reject(const IniValue& value, const std::string& expected) {
  throw Error(ErrorKind::Usage, fmt::format("{}: {} = {}: expected {}{}", value.where(), value.key,
                                            printable(value.text, 200), expected, hint_for(value.text)));
}

Section::Section(const IniDocument& document, const std::string& name)
    : name_(name), file_(document.file()), keys_(document.find(name)) {}

const IniValue* Section::find(const std::string& key) {
  known_.insert(key);
  if (keys_ == nullptr) return nullptr;
  const IniValue* found = nullptr;
  for (const IniValue& value : keys_->values) {
    if (value.key != key) continue;
    if (found != nullptr)
      throw Error(ErrorKind::Usage, fmt::format("{}: {} stands in line {} already", value.where(), key, found->line));
    found = &value;
  }
  if (found != nullptr) require_text_in(*found);
  return found;
}

std::vector<const IniValue*> Section::find_all(const std::string& key) {
  known_.insert(key);
  std::vector<const IniValue*> found;
  if (keys_ == nullptr) return found;
  for (const IniValue& value : keys_->values) {
    if (value.key != key) continue;
    require_text_in(value);
    found.push_back(&value);
  }
  return found;
}

const IniValue& Section::require(const std::string& key) {
  const IniValue* value = find(key);
  if (value != nullptr) return *value;
  if (keys_ == nullptr)
    throw Error(ErrorKind::Usage, fmt::format("{}: the section [{}] with {} = ... is missing", file_, name_, key));
  throw Error(ErrorKind::Usage, fmt::format("{}: {} is missing", keys_->where(), key));
}

std::string Section::text(const std::string& key, const std::string& fallback) {
  const IniValue* value = find(key);
  if (value == nullptr) return fallback;
  if (!is_utf8(value->text) || std::any_of(value->text.begin(), value->text.end(),
                                           [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    reject(*value, "text in UTF-8 without control characters");
  return value->text;
}

Secret Section::secret(const std::string& key) {
  const IniValue* value = find(key);
  return value == nullptr ? Secret() : Secret(value->text);
}

bool Section::on_off(const std::string& key, bool fallback) {
  const IniValue* value = find(key);
  if (value == nullptr) return fallback;
  if (value->text == "on" || value->text == "yes") return true;
  if (value->text == "off" || value->text == "no") return false;
  reject(*value, "on or off");
}

std::uint64_t Section::number(const std::string& key, std::uint64_t fallback, NumberRange range) {
  const IniValue* value = find(key);
  if (value == nullptr) return fallback;
  const std::optional<std::uint64_t> number = parse_number(value->text);
  if (!number || *number < range.least || *number > range.most)
    reject(*value, fmt::format("a whole number from {} to {}", range.least, range.most));
  return *number;
}

std::uint16_t Section::port(const std::string& key, std::uint16_t fallback) {
  return static_cast<std::uint16_t>(number(key, fallback, {.least = 1, .most = 65535}));
}

std::string Section::host(const std::string& key) {
  const IniValue& value = require(key);
  std::string_view text = value.text;
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const bool valid = text.size() <= kHostBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                              c == '-' || c == '_' || c == ':' || c == '%';
                     });
  // A colon is an IPv6 address's, with its zone perhaps, not a port's.
  const bool is_complete =
      text.find_first_of(":%") == std::string_view::npos || is_ip_address(std::string(text.substr(0, text.find('%'))));
  if (!valid || !is_complete) reject(value, "a host name or an address, without a port or a path");
  return std::string(text);
}

std::chrono::seconds Section::duration(const std::string& key, std::chrono::seconds fallback) {
  constexpr std::uint64_t kYear = 365ULL * 24 * 3600;
  const IniValue* value = find(key);
  if (value == nullptr) return fallback;
  std::string_view text = value->text;
  std::uint64_t unit = 1;
  switch (text.back()) {
    case 'd':
      unit = 86'400;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'm':
      unit = 60;
      break;
    default:
      break;
  }
  if (unit != 1 || text.back() == 's') text.remove_suffix(1);
  const std::optional<std::uint64_t> number = parse_number(trim(text));
  if (!number || *number == 0 || *number > kYear / unit) reject(*value, "a time such as 30s, 5m, 2h or 8d");
  return std::chrono::seconds(*number * unit);
}

std::filesystem::path Section::absolute_path(const std::string& key, const std::filesystem::path& fallback) {
  const IniValue* value = find(key);
  if (value == nullptr) return fallback;
  // Without the slash at the end that directories are often written with.
  std::filesystem::path path = (std::filesystem::path(value->text) / "").lexically_normal().parent_path();
  if (!path.is_absolute() || path == path.root_path()) reject(*value, "an absolute path below /");
  return path;
}

std::size_t Section::choice(const std::string& key, const std::vector<std::string>& words, std::size_t fallback) {
  const IniValue* value = find(key);
  if (value == nullptr) return fallback;
  const auto found = std::find(words.begin(), words.end(), value->text);
  if (found == words.end()) reject(*value, fmt::format("{}", fmt::join(words, " or ")));
  return static_cast<std::size_t>(found - words.begin());
}

std::vector<std::string> Section::list(const std::string& key) {
  const IniValue* value = find(key);
  if (value == nullptr) return {};
  std::vector<std::string> parts;
  std::string_view rest = value->text;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    const std::string_view part = trim(rest.substr(0, comma));
    if (part.empty()) reject(*value, "values separated by single commas");
    parts.emplace_back(part);
    if (more) rest.remove_prefix(comma + 1);
  }
  return parts;
}

void Section::reject_unknown_keys() const {
  if (keys_ == nullptr) return;
  for (const IniValue& value : keys_->values)
    if (!known_.contains(value.key))
      throw Error(ErrorKind::Usage, fmt::format("{}: [{}] has no key {}; expected one of {}", value.where(), name_,
                                                value.key, fmt::join(known_, ", ")));
}

void reject_unknown_sections(const IniDocument& document, const std::vector<std::string>& names) {
  for (const IniSection& section : document.sections())
    if (std::find(names.begin(), names.end(), section.name) == names.end())
      throw Error(ErrorKind::Usage, fmt::format("{}:{}: there is no section [{}]; expected one of [{}]", section.file,
                                                section.line, section.name, fmt::join(names, "], [")));
}

}  // namespace osbackup::config
