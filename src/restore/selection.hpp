#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/path_pattern.hpp"

namespace osbackup::restore {

/// Which objects of an archive are wanted. Immutable, thread-safe.
struct Selection {
  /// As the index has them (`etc/ssh`); with all below each. Empty: everything.
  std::vector<std::string> paths;
  /// Of these paths, only what matches one (docs/configuration.md, "Patterns"). Empty: everything.
  PathPatterns include;
  /// And nothing of what matches one.
  PathPatterns exclude;

  bool is_everything() const noexcept { return paths.empty() && include.empty() && exclude.empty(); }

  /// Whether an object is wanted.
  bool matches(std::string_view path, bool is_directory) const;
};

/// A path as a person gives it, as the index has it: `/etc/ssh/` is `etc/ssh`, `/` is `.`. Usage when it is empty, or
/// has `..` in it.
std::string index_path_of(std::string_view text);

/// Paths as the index has them in the order of archives, without those that lie in another one.
std::vector<std::string> outermost_paths(std::vector<std::string> paths);

}  // namespace osbackup::restore
