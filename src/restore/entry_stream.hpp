#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/entry.hpp"

namespace osbackup::restore {

/// Entries of an archive with their content, in sequence, for who cannot go by its index. One thread at a time.
class EntryStream {
 public:
  virtual ~EntryStream() = default;

  /// The next entry, with a path as an index has it, which a hard link's target is too; nothing at the end. What was
  /// not read of the content before is gone over. Corrupt, with the place, where the archive is damaged: then the next
  /// call goes on behind the damage.
  virtual std::optional<archive::Entry> next() = 0;

  /// Fills `out`, or its beginning, with what comes next of the entry's content as it is stored: of a sparse file, its
  /// extents one after another. Less than `out.size()` at the end alone, or where a part of it is lost. Errors as
  /// above.
  virtual std::size_t read(std::span<std::byte> out) = 0;

  /// Goes over the part of the content that is lost here, so that read() goes on behind it, and gives its bytes.
  virtual std::uint64_t skip_lost() { return 0; }

  /// Attributes of the entry whose value cannot be restored here: an ACL that is none, or with a name without an id.
  virtual const std::vector<std::string>& lost_attributes() const = 0;
};

}  // namespace osbackup::restore
