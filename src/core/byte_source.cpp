#include "core/byte_source.hpp"

#include <algorithm>
#include <vector>

namespace osbackup {

std::uint64_t ByteSource::skip(std::uint64_t bytes) {
  constexpr std::size_t kPieceBytes = 256U << 10U;
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kPieceBytes)));
  std::uint64_t skipped = 0;
  while (skipped < bytes) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - skipped, piece.size()));
    const std::size_t found = read(std::span(piece).first(wanted));
    skipped += found;
    if (found < wanted) break;
  }
  return skipped;
}

}  // namespace osbackup
