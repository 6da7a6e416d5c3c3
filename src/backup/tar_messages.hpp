#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backup/warning_log.hpp"

namespace osbackup::backup {

/// A line that GNU tar wrote to standard error under LC_ALL=C, as a warning about a single file; nothing when the line
/// is about the whole run. `roots` are the paths, relative to `/`, that every name fed to tar begins with.
std::optional<Warning> warning_from_tar(std::string_view line, const std::vector<std::string>& roots);

/// Whether the line only announces the exit code that follows from the lines before it.
bool is_tar_epilogue(std::string_view line);

/// A name as GNU tar prints it by default (its quoting style `escape`), undone: `a\nb`, `\303\244`, `\\`.
std::string unescape_tar_name(std::string_view text);

}  // namespace osbackup::backup
