#include "restore/path_lineage.hpp"

#include "core/encoding.hpp"

namespace osbackup::restore {

std::string PathLineage::take(const archive::Entry& entry) {
  const bool is_directory = entry.type == archive::EntryType::Directory;
  const std::string_view path = entry.path == "." ? std::string_view() : std::string_view(entry.path);
  while (!ancestors_.empty() && !is_above(ancestors_.back(), path)) ancestors_.pop_back();
  if (!ancestors_.empty()) {
    const Ancestor& nearest = ancestors_.back();
    if (nearest.length == path.size()) return "an entry before it has this path too, and is kept";
    if (!nearest.is_directory)
      return printable(std::string_view(path_).substr(0, nearest.length)) + ", which it lies below, is no directory";
  }
  path_ = path;
  // What the root is instead of a directory is refused by itself, and is not in anybody's way.
  if (is_directory || !path.empty()) ancestors_.push_back({.length = path.size(), .is_directory = is_directory});
  return {};
}

/// Whether it is the path, or lies above it.
bool PathLineage::is_above(const Ancestor& ancestor, std::string_view path) const {
  if (ancestor.length == 0) return true;
  return path.starts_with(std::string_view(path_).substr(0, ancestor.length)) &&
         (path.size() == ancestor.length || path[ancestor.length] == '/');
}

}  // namespace osbackup::restore
