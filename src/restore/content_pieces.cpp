#include "restore/content_pieces.hpp"

#include <algorithm>

namespace osbackup::restore {

std::vector<ContentPiece> content_pieces(const std::vector<archive::Extent>& extents, std::uint64_t stored_offset,
                                         std::span<const std::byte> bytes) {
  std::vector<ContentPiece> pieces;
  std::uint64_t before = 0;  // What is stored of the extents before this one.
  for (const archive::Extent& extent : extents) {
    if (bytes.empty()) break;
    const std::uint64_t skip = stored_offset - before;  // In this extent.
    if (skip < extent.length) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(extent.length - skip, bytes.size()));
      pieces.push_back({.offset = extent.offset + skip, .bytes = bytes.first(count)});
      bytes = bytes.subspan(count);
      stored_offset += count;
    }
    before += extent.length;
  }
  return pieces;
}

}  // namespace osbackup::restore
