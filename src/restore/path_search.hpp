#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "archive/entry.hpp"
#include "core/clock.hpp"
#include "core/path_pattern.hpp"
#include "restore/listing.hpp"

namespace osbackup::restore {

/// What is looked for: objects whose own path matches a pattern, not what lies below them.
struct SearchOrder {
  std::string pattern;  ///< docs/configuration.md, "Patterns".
  /// Modified at this time or after it.
  std::optional<TimePoint> newer;
  /// Modified before this time.
  std::optional<TimePoint> older;
};

/// Looks for objects in any number of archives. One thread at a time.
class PathSearch {
 public:
  /// Usage when the pattern is none.
  explicit PathSearch(SearchOrder order);

  /// The part of an archive that has to be listed: all of it, or, when the pattern begins at the root, what lies in the
  /// directory that it names before its first wildcard, or the one path that it is.
  ListingOrder listing() const;

  /// Asked fastest in the order of a listing.
  bool matches(const archive::Entry& entry);

 private:
  bool has_matching_path(const archive::Entry& entry);

  SearchOrder order_;
  PathPatterns pattern_;
  std::string directory_;  ///< That `place_` is of; empty is the root.
  PathPatterns::Place place_;
};

}  // namespace osbackup::restore
