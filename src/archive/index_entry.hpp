#pragma once

#include <optional>
#include <string_view>

#include "archive/entry.hpp"
#include "archive/index_writer.hpp"
#include "crypto/digest.hpp"

namespace osbackup::archive {

/// A line of the index (docs/format.md, "Index").
struct IndexEntry {
  Entry entry;                                            ///< Without attributes and extents, which the tar alone has.
  std::optional<crypto::Sha256Digest> digest;             ///< Of the content.
  std::optional<crypto::Sha256Digest> attributes_digest;  ///< As attributes_digest() makes it.
  bool has_holes = false;
  bool changed = false;  ///< While it was read.
  Placement placement;
};

/// Reads one line, with or without its newline. Corrupt, with a text that names the key, when a key is missing, is not
/// what docs/format.md says, or does not belong to the type. The path has no `..`; whether the placement is inside the
/// archive is not known here. Thread-safe.
IndexEntry parse_index_line(std::string_view line);

/// The line, with its newline, that parse_index_line() reads as this entry. Thread-safe.
std::string index_line(const IndexEntry& entry);

}  // namespace osbackup::archive
