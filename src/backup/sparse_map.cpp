#include "backup/sparse_map.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "archive/tar_writer.hpp"

namespace osbackup::backup {
namespace {

using archive::Extent;

/// How many extents are gathered before they are joined: a file may have millions.
constexpr std::size_t kGatheredMax = 2 * archive::kExtentsMax;

std::uint64_t end_of(const Extent& extent) { return extent.offset + extent.length; }

}  // namespace

void join_over_smallest_holes(std::vector<Extent>& extents, std::size_t extents_max) {
  if (extents.size() <= extents_max) return;
  std::vector<std::uint64_t> holes;
  holes.reserve(extents.size());
  for (std::size_t i = 1; i < extents.size(); ++i) holes.push_back(extents[i].offset - end_of(extents[i - 1]));
  std::size_t surplus = extents.size() - extents_max;
  std::vector<std::uint64_t> sorted = holes;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(surplus - 1), sorted.end());
  const std::uint64_t largest_filled = sorted[surplus - 1];
  // Of the holes that are just as large as the largest filled one, only as many as are needed.
  std::size_t smaller = static_cast<std::size_t>(
      std::count_if(holes.begin(), holes.end(), [&](std::uint64_t hole) { return hole < largest_filled; }));
  std::size_t equal_wanted = surplus - smaller;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < extents.size(); ++i) {
    const std::uint64_t hole = holes[i - 1];
    const bool fill = hole < largest_filled || (hole == largest_filled && equal_wanted > 0);
    if (hole == largest_filled && fill) --equal_wanted;
    if (fill)
      extents[kept].length = end_of(extents[i]) - extents[kept].offset;
    else
      extents[++kept] = extents[i];
  }
  extents.resize(kept + 1);
}

std::vector<Extent> sparse_map(const system::FileDescriptor& file, std::uint64_t size) {
  std::vector<Extent> extents;
  std::uint64_t position = 0;
  while (position < size) {
    const off_t data = lseek(file.get(), static_cast<off_t>(position), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data < 0) return {{.offset = 0, .length = size}};
    const off_t hole = lseek(file.get(), data, SEEK_HOLE);
    if (hole < 0) return {{.offset = 0, .length = size}};
    // In whole records, as tar stores them; file systems give them so, and a program that pretends to be one may not.
    const std::uint64_t begin = static_cast<std::uint64_t>(data) / archive::kTarRecordBytes * archive::kTarRecordBytes;
    const std::uint64_t end = std::min(archive::in_whole_records(static_cast<std::uint64_t>(hole)), size);
    // The file may change while it is looked at: what does not move on is the end.
    if (begin < position || end <= begin) break;
    if (!extents.empty() && end_of(extents.back()) == begin)
      extents.back().length = end - extents.back().offset;
    else
      extents.push_back({.offset = begin, .length = end - begin});
    if (extents.size() >= kGatheredMax) join_over_smallest_holes(extents, archive::kExtentsMax);
    position = end;
  }
  join_over_smallest_holes(extents, archive::kExtentsMax);
  return extents;
}

}  // namespace osbackup::backup
