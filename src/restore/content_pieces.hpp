#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "archive/entry.hpp"

namespace osbackup::restore {

/// Content that belongs together in a file.
struct ContentPiece {
  std::uint64_t offset = 0;  ///< In the file.
  std::span<const std::byte> bytes;
};

/// Where a stretch of a file's content goes: `extents` are archive::content_extents, and the bytes begin at
/// `stored_offset` of what a tar stores of them, one extent after another. What lies behind that is left out. In the
/// order of the file.
std::vector<ContentPiece> content_pieces(const std::vector<archive::Extent>& extents, std::uint64_t stored_offset,
                                         std::span<const std::byte> bytes);

}  // namespace osbackup::restore
