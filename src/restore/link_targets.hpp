#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "archive/index_entry.hpp"

namespace osbackup::restore {

/// Which lines of an index hard links may point to: a Bloom filter over path, size and digest, of 4 bytes for each line
/// and at most 32 MiB. It knows every line that was added. With up to 10^7 lines it takes one in 3,000 links to a line
/// that is not there for good. One thread at a time.
class LinkTargets {
 public:
  /// There will be at most so many lines.
  explicit LinkTargets(std::uint64_t lines);

  void clear();

  /// A line that a later link may point to: any but a directory or a hard link.
  void add(const archive::IndexEntry& line);

  /// False when there was certainly no line of the link's target with its size and digest.
  bool may_have_target_of(const archive::IndexEntry& link) const;

 private:
  std::size_t words_;
  std::vector<std::uint64_t> bits_;  ///< Empty while nothing was added.
};

}  // namespace osbackup::restore
