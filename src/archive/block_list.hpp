#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/index_writer.hpp"
#include "archive/list_members.hpp"
#include "core/range_reader.hpp"

namespace osbackup::archive {

/// A block of the index: a gzip member of lines (docs/format.md, "Blocks").
struct IndexBlock {
  std::string first;  ///< The path of its first line.
  std::string last;
  std::uint64_t offset = 0;  ///< In the index.
  std::uint64_t length = 0;
  std::uint64_t lines = 0;
  crypto::Sha256Digest sha256{};  ///< Of its compressed bytes.
};

/// Reads one line of the list of blocks. Corrupt, with a text that names the key, when it is not what docs/format.md
/// says. Thread-safe.
IndexBlock parse_block_line(std::string_view line);

/// Which paths are looked for in an index: one, or also all below it.
struct PathRange {
  std::string path;
  bool with_below = false;

  bool contains(std::string_view candidate) const noexcept;

  /// Whether lines in order, from this first to this last path, can hold one of them.
  bool may_meet(std::string_view first, std::string_view last) const noexcept;
};

/// The list of an index's blocks, checked as a whole when it is opened: that its digest is the manifest's, and that the
/// blocks follow each other, each in order inside itself, and are together all of the index and its lines.
///
/// Its memory does not grow with the index in any way that matters. The list itself lies in gzip members of 64 KiB of
/// text, some 250 blocks or 35,000 objects each; of each member only the place, the digest and the outermost paths are
/// kept: 100 KB for 10^7 objects. When these paths come to 32 MiB no more are kept, and the members behind are looked
/// into by every search; beyond 64 MiB of anything the list is refused. A list of at most 4 MiB,
/// enough for millions of objects, is kept besides as it lies in the archive; of a longer one a search reads the member
/// that it needs anew. A search looks at the kept paths of all members in turn, which is nothing beside one read, and
/// right where the order begins anew, too.
///
/// Immutable; as thread-safe as the reader.
class BlockList {
 public:
  /// `list` is all of `osbackup/blocks.jsonl.gz`, of which the manifest says `blocks`; and of the index `index`.
  BlockList(std::shared_ptr<const RangeReader> list, const LinesSummary& blocks, const LinesSummary& index);

  /// Whether the order begins anew nowhere: all blocks are in order, one behind the other.
  bool is_in_order() const noexcept { return is_in_order_; }

  /// Gives, in order, the blocks that can hold the paths of a range. One thread at a time; the list outlives it.
  class Search {
   public:
    Search(const BlockList& list, PathRange range) : list_(list), range_(std::move(range)) {}

    std::optional<IndexBlock> next();

   private:
    const BlockList& list_;
    PathRange range_;
    std::size_t next_group_ = 0;
    std::string text_;      ///< Of the group before it.
    std::size_t used_ = 0;  ///< Bytes of the text that were looked at.
  };

 private:
  /// A member of the list.
  struct Group {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    crypto::Sha256Digest sha256{};
    std::string first = {};
    std::string last = {};
    bool is_ordered = true;  ///< Whether all its blocks are in order, so that `first` and `last` say something.
  };

  class Check;
  void keep(Group group);
  std::string text_of(const Group& group) const;

  std::shared_ptr<const RangeReader> list_;
  std::vector<Group> groups_;
  std::size_t kept_bytes_ = 0;
  bool is_in_order_ = true;
};

}  // namespace osbackup::archive
