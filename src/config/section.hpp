#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/ini.hpp"
#include "core/secret.hpp"

namespace osbackup::config {

/// A whole number and the values it may have.
struct NumberRange {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

/// A value that does not fit: `FILE:LINE: KEY = TEXT: expected WHAT`. Never for a secret.
[[noreturn]] void reject(const IniValue& value, const std::string& expected);

/// Reads one section strictly: an error names file, line and what was expected, and a key that nobody asked for is an
/// error. A section that is not there reads as an empty one. One thread at a time.
class Section {
 public:
  Section(const IniDocument& document, const std::string& name);

  bool is_there() const noexcept { return keys_ != nullptr; }

  /// The value under a key, not empty; nullptr when the key is not there. Usage when it stands there twice.
  const IniValue* find(const std::string& key);
  /// Every value under a key that may stand there several times, in order, none of them empty.
  std::vector<const IniValue*> find_all(const std::string& key);
  /// The same, for a key that must be there.
  const IniValue& require(const std::string& key);

  std::string text(const std::string& key, const std::string& fallback);
  Secret secret(const std::string& key);
  bool on_off(const std::string& key, bool fallback);
  std::uint64_t number(const std::string& key, std::uint64_t fallback, NumberRange range);
  std::uint16_t port(const std::string& key, std::uint16_t fallback);
  /// A host name or an address, which must be there; an IPv6 address may stand in brackets, which are taken off.
  std::string host(const std::string& key);
  /// `30`, `30s`, `5m`, `2h`, `8d`: from a second to a year.
  std::chrono::seconds duration(const std::string& key, std::chrono::seconds fallback);
  /// Normalised, without a slash at its end.
  std::filesystem::path absolute_path(const std::string& key, const std::filesystem::path& fallback);
  /// One of the words, by its index in `words`; `fallback` is such an index, too.
  std::size_t choice(const std::string& key, const std::vector<std::string>& words, std::size_t fallback = 0);
  /// Parts between commas, trimmed, none of them empty. Empty when the key is not there.
  std::vector<std::string> list(const std::string& key);

  /// Called when all keys were asked for: Usage names the first line that nobody asked for.
  void reject_unknown_keys() const;

 private:
  std::string name_;
  std::string file_;
  const IniSection* keys_;
  std::set<std::string> known_;
};

/// Usage when the document has a section that is not one of `names`.
void reject_unknown_sections(const IniDocument& document, const std::vector<std::string>& names);

}  // namespace osbackup::config
