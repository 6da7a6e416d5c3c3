#pragma once

#include <cstdint>
#include <vector>

#include "archive/entry.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::backup {

/// Where the data of a file of this size lies, by SEEK_DATA and SEEK_HOLE (lseek(2)): at most archive::kExtentsMax
/// extents, in whole records of 512 bytes but for the end; where there are more, the smallest holes count as data. One
/// extent over all of it when the file system cannot tell.
std::vector<archive::Extent> sparse_map(const system::FileDescriptor& file, std::uint64_t size);

/// Joins neighbours over the smallest holes until there are at most `extents_max`.
void join_over_smallest_holes(std::vector<archive::Extent>& extents, std::size_t extents_max);

}  // namespace osbackup::backup
