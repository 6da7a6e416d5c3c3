#include "archive/entry.hpp"

namespace osbackup::archive {

std::uint64_t stored_bytes(const Entry& entry) noexcept {
  if (entry.type != EntryType::File) return 0;
  if (!entry.sparse) return entry.size;
  std::uint64_t bytes = 0;
  for (const Extent& extent : entry.extents) bytes += extent.length;
  return bytes;
}

}  // namespace osbackup::archive
