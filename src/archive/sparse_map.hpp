#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "archive/entry.hpp"
#include "archive/tar_input.hpp"

namespace osbackup::archive {

/// The most extents that are read of one file. Ours have at most kExtentsMax; GNU tar knows no limit.
inline constexpr std::size_t kExtentsReadMax = 1U << 20U;

/// Where the data of a sparse file lies, read from the formats that GNU tar writes (GNU tar manual, "Storing Sparse
/// Files"). Every function throws Corrupt for what is not such a map. One thread at a time.
class SparseMap {
 public:
  /// Adds an extent, which begins behind the one before. An empty one, which marks a hole at the end, is not kept.
  void add(Extent extent);

  /// Version 0.1: offset and length of each extent, with commas between all of them.
  void add_list(std::string_view numbers);

  /// Version 1.0: the content begins with the map, which is read from there. Gives the bytes that it took, which are no
  /// more than `content_bytes`.
  std::uint64_t read_from_content(TarInput& input, std::uint64_t content_bytes);

  /// Before the versions, in type `S`: the extents are in the header, and in records between it and the content.
  void read_behind_header(const TarRecord& header, TarInput& input);

  bool empty() const noexcept { return count_ == 0; }

  /// The extents of a file of this size, of which the tar stores so many bytes.
  std::vector<Extent> extents(std::uint64_t size, std::uint64_t stored_bytes) &&;

 private:
  void add_fields(const TarRecord& record, std::size_t offset, std::size_t count);

  std::vector<Extent> extents_;
  std::size_t count_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t stored_bytes_ = 0;
};

}  // namespace osbackup::archive
