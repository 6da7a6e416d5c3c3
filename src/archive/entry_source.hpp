#pragma once

#include <optional>

#include "archive/index_entry.hpp"

namespace osbackup::archive {

/// Objects as an index describes them, one after another, wherever they come from: an archive, or a disk. One thread at
/// a time.
class EntrySource {
 public:
  virtual ~EntrySource() = default;

  /// The next object; nothing behind the last.
  virtual std::optional<IndexEntry> next() = 0;
};

}  // namespace osbackup::archive
