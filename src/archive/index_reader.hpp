#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

  /// Gives lines in order, block by block: memory for one block. One thread at a time; the reader outlives it.
  class Lines {
   public:
    Lines(const IndexReader& index, PathRange range);

    std::optional<IndexEntry> next();

   private:
    const IndexReader& index_;
    PathRange range_;
    BlockList::Search search_;
    std::vector<IndexEntry> block_;
    std::size_t next_in_block_ = 0;
  };

  /// A path and all below it; `.` is everything.
  Lines list(const std::string& directory) const { return {*this, {.path = directory, .with_below = true}}; }

  /// Where the members of an entry lie in the archive. Corrupt when they reach out of their directory's zip entry,
  /// which no entry that this reader gave does.
  ZipPlace span_of(const IndexEntry& entry) const;

 private:
  std::vector<IndexEntry> read_block(const IndexBlock& block) const;

  std::vector<ZipPlace> directories_;
  std::shared_ptr<const RangeReader> index_;
  std::unique_ptr<const BlockList> blocks_;
};

}  // namespace osbackup::archive
