#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "archive/index_entry.hpp"

namespace osbackup::restore {

/// Follows the lines of an index in their order, and finds those that leave the names of the line before them less of
/// the tar than they take. Since a gzip member has a bound (archive::kMemberContentMax), the names of all its lines
/// have one, too. One thread at a time.
class MemberRoom {
 public:
  /// Why the line cannot be: a sentence's end. Empty when it can, and then it counts for those behind it.
  std::string take(const archive::IndexEntry& line);

 private:
  std::optional<archive::Placement> last_;
  std::size_t last_name_bytes_ = 0;
};

}  // namespace osbackup::restore
