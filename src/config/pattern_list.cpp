#include "config/pattern_list.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace osbackup::config {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Where the pattern that `rest` begins with ends: at a comma outside double quotes and not behind a backslash.
std::size_t end_of_pattern(std::string_view rest) {
  bool quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') quoted = !quoted;
    if (quoted) continue;
    if (rest[i] == ',') return i;
    if (rest[i] == '\\') ++i;
  }
  return rest.size();
}

std::string_view without_quotes(const IniValue& value, std::string_view part) {
  if (part.find('"') == std::string_view::npos) return part;
  if (part.size() < 2 || part.front() != '"' || part.find('"', 1) != part.size() - 1)
    reject(value, "double quotes around a whole pattern only (? stands for a quote inside one)");
  return part.substr(1, part.size() - 2);
}

/// The patterns of one line, still as text.
std::vector<std::string_view> split(const IniValue& value) {
  // A value that stood in one pair of quotes is one pattern: the reader took them off.
  if (value.quoted) return {value.text};
  std::vector<std::string_view> parts;
  std::string_view rest = value.text;
  for (bool more = true; more;) {
    const std::size_t end = end_of_pattern(rest);
    const std::string_view part = trim(rest.substr(0, end));
    if (part.empty()) reject(value, "patterns separated by single commas");
    parts.push_back(without_quotes(value, part));
    more = end < rest.size();
    if (more) rest.remove_prefix(end + 1);
  }
  return parts;
}

}  // namespace

std::vector<PathPattern> read_patterns(Section& section, const std::string& key) {
  std::vector<PathPattern> patterns;
  for (const IniValue* value : section.find_all(key)) {
    for (const std::string_view text : split(*value)) {
      if (patterns.size() == kPatternsMax)
        throw Error(ErrorKind::Usage,
                    fmt::format("{}: {}: expected at most {} patterns", value->where(), key, kPatternsMax));
      try {
        patterns.emplace_back(text);
      } catch (const Error& error) {
        throw error.within(fmt::format("{}: {}", value->where(), key));
      }
    }
  }
  return patterns;
}

}  // namespace osbackup::config
