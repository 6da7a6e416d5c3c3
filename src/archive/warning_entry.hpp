#pragma once

#include <string>
#include <string_view>

namespace osbackup::archive {

/// A line of the warnings: what is missing from an archive, or may not be what it seems (docs/format.md, "Warnings").
struct WarningEntry {
  std::string path;    ///< As in the index, raw bytes.
  std::string reason;  ///< For people; raw bytes, which may hold a path.
};

/// Reads one line, with or without its newline. Corrupt, with a text that names the key, when it is not what
/// docs/format.md says. Thread-safe.
WarningEntry parse_warning_line(std::string_view line);

}  // namespace osbackup::archive
