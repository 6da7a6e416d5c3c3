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

std::size_t name_bytes(const Entry& entry) noexcept {
  return entry.path.size() + entry.target.size() + entry.user.size() + entry.group.size();
}

std::uint64_t stored_bytes(const Entry& entry) noexcept {
  if (entry.type != EntryType::File) return 0;
  if (!entry.sparse) return entry.size;
  std::uint64_t bytes = 0;
  for (const Extent& extent : entry.extents) bytes += extent.length;
  return bytes;
}

std::vector<Extent> content_extents(const Entry& entry) {
  if (entry.sparse) return entry.extents;
  return {{.offset = 0, .length = entry.size}};
}

bool has_holes(const Entry& entry) noexcept { return entry.sparse && stored_bytes(entry) < entry.size; }

}  // namespace osbackup::archive
