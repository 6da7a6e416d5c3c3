#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.hpp"

namespace osbackup::config {

/// One `key = value` line and where it stands.
struct IniValue {
  std::string key;
  std::string text;
  std::string file;
  std::size_t line = 0;
  bool quoted = false;  ///< The text stood in double quotes.

  /// `/etc/osbackup/osbackup.conf:12`.
  std::string where() const;
};

/// One `[Section]` with its lines in order.
struct IniSection {
  std::string name;
  std::string file;
  std::size_t line = 0;
  std::vector<IniValue> values;

  /// `/etc/osbackup/osbackup.conf:10: [Ftp]`.
  std::string where() const;
};

/// A configuration file, split into sections and lines (docs/configuration.md, "The file").
///
/// `;` and `#` begin a comment at the start of a line or after white space, not inside double quotes. The keys `pass`
/// and `password` take the rest of their line literally, without the white space at its ends. A value in double quotes
/// loses them. Lines may have 64 KiB.
class IniDocument {
 public:
  /// Usage when a line is neither a section, nor `key = value`, nor a comment, when a quote is left open, or when a
  /// section stands there twice. `file` is for messages.
  IniDocument(std::string_view text, std::string file);

  const std::string& file() const noexcept { return file_; }
  const std::deque<IniSection>& sections() const noexcept { return sections_; }

  /// Nothing is there: nullptr.
  const IniSection* find(std::string_view name) const;

 private:
  std::string file_;
  std::deque<IniSection> sections_;
};

}  // namespace osbackup::config
