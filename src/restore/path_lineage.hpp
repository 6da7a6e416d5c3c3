#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "archive/entry.hpp"

namespace osbackup::restore {

/// Follows entries in the archive's order, and finds those that contradict the ones before them: a second one of a
/// path, and one below something else than a directory. Remembers the entries on the way down to the last one, so an
/// archive whose order begins anew can hold more of them; a sink refuses these when it meets them. One thread at a
/// time.
class PathLineage {
 public:
  /// Why the entry cannot be: a sentence's end. Empty when it can, and then it counts for those behind it.
  std::string take(const archive::Entry& entry);

 private:
  struct Ancestor {
    std::size_t length = 0;  ///< Of its path, which the last path begins with; 0 is the root.
    bool is_directory = true;
  };

  bool is_above(const Ancestor& ancestor, std::string_view path) const;

  std::string path_;                 ///< Of the last entry that could be; empty for the root.
  std::vector<Ancestor> ancestors_;  ///< The entries on the way to it, and itself.
};

}  // namespace osbackup::restore
