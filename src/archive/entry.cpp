#include "archive/entry.hpp"

namespace osbackup::archive {

std::string_view name_of(EntryType type) noexcept {
  switch (type) {
    case EntryType::File:
      return "file";
    case EntryType::Directory:
      return "dir";
    case EntryType::Symlink:
      return "symlink";
    case EntryType::Hardlink:
      return "hardlink";
    case EntryType::Fifo:
      return "fifo";
    case EntryType::CharacterDevice:
      return "char";
    case EntryType::BlockDevice:
      return "block";
  }
  return "";
}

std::uint64_t stored_bytes(const Entry& entry) noexcept {
  if (entry.type != EntryType::File) return 0;
  if (!entry.sparse) return entry.size;
  std::uint64_t bytes = 0;
  for (const Extent& extent : entry.extents) bytes += extent.length;
  return bytes;
}

}  // namespace osbackup::archive
