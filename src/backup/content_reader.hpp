#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "archive/entry.hpp"

namespace osbackup::backup {

/// How reading went.
struct ContentRead {
  bool ended_early = false;  ///< The file is shorter than its extents say; the rest is zeros.
  int problem = 0;           ///< errno of a read that failed; the rest is zeros.
  bool waited = false;       ///< Not all of it was in memory: the disk had to be asked.

  bool is_whole() const noexcept { return !ended_early && problem == 0; }
};

/// Calls `use(offset in the file, first byte, bytes)` for each piece of the stored content from `offset` on: the
/// extents one after another. Ends when `use` returns false.
template <class Use>
void for_each_piece(const std::vector<archive::Extent>& extents, std::uint64_t offset, std::uint64_t length, Use use) {
  std::uint64_t begin = 0;  // Of the extent, in the stored content.
  std::uint64_t done = 0;
  for (const archive::Extent& extent : extents) {
    if (done == length) return;
    const std::uint64_t position = offset + done;
    if (position < begin + extent.length) {
      const std::uint64_t piece = std::min(length - done, begin + extent.length - position);
      if (!use(extent.offset + (position - begin), done, piece)) return;
      done += piece;
    }
    begin += extent.length;
  }
}

/// Fills `out` with the stored content of an open file from `offset` on.
ContentRead read_content(int descriptor, const std::vector<archive::Extent>& extents, std::uint64_t offset,
                         std::span<std::byte> out);

}  // namespace osbackup::backup
