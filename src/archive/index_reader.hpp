#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/block_list.hpp"
#include "archive/index_entry.hpp"
#include "archive/manifest.hpp"
#include "core/range_reader.hpp"

namespace osbackup::archive {

/// The index of an archive. A block is read when a path in it is asked for, and checked before anything of it is given
/// out: its digest, its paths and their order, each line, and that what a line points to lies in its directory's entry.
/// Errors are Corrupt, and name the block. Immutable; as thread-safe as the archive's reader.
class IndexReader {
 public:
  /// Reads the list of blocks.
  IndexReader(const std::shared_ptr<const RangeReader>& archive, const Manifest& manifest);

  /// The line of a path as the index has it; nothing when it has none. Reads one block, or the few that the path could
  /// be in where the order of the archive begins anew.
  std::optional<IndexEntry> find(const std::string& path) const;

  /// Whether list() gives paths in order, each once. Not where the order of the archive begins anew (docs/format.md,
  /// "Order").
  bool is_in_order() const noexcept { return blocks_->is_in_order(); }

  /// Gives lines in order. Blocks that lie together are read together, up to 4 MiB, so that a whole index is a few
  /// reads; of these one is held as lines. One thread at a time; the reader outlives it.
  class Lines {
   public:
    Lines(const IndexReader& index, PathRange range);

    /// After Corrupt, which names the block and its paths, the next call goes on behind that block.
    std::optional<IndexEntry> next();

   private:
    bool read_blocks();

    const IndexReader& index_;
    PathRange range_;
    BlockList::Search search_;
    std::optional<IndexBlock> found_;  ///< By the search, and not read yet.
    std::deque<IndexBlock> blocks_;    ///< That were read: their bytes lie in `bytes_`.
    std::vector<std::byte> bytes_;     ///< One block after another.
    std::size_t used_bytes_ = 0;       ///< Of the blocks that were made lines.
    std::vector<IndexEntry> lines_;    ///< Of the last one.
    std::size_t next_line_ = 0;
  };

  /// A path and all below it; `.` is everything.
  Lines list(const std::string& directory) const { return {*this, {.path = directory, .with_below = true}}; }

  /// Where the members of an entry lie in the archive. Corrupt when they reach out of their directory's zip entry,
  /// which no entry that this reader gave does.
  ZipPlace span_of(const IndexEntry& entry) const;

 private:
  std::vector<IndexEntry> lines_of(const IndexBlock& block, std::span<const std::byte> member) const;

  std::vector<ZipPlace> directories_;
  std::shared_ptr<const RangeReader> index_;
  std::unique_ptr<const BlockList> blocks_;
};

}  // namespace osbackup::archive
