#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "archive/index_entry.hpp"

namespace osbackup::restore {

/// In what two states of one object can differ.
enum class ChangedField {
  Type,
  Content,  ///< Of a file.
  Size,     ///< Of a file; never without Content.
  Target,   ///< Of a symbolic link.
  Device,   ///< The numbers of a device node.
  Mode,
  UserId,
  GroupId,
  ModificationTime,
  Attributes,
  Flags,
};

/// The field's name in the index: `mtime`, `xattrs`. `content` for the digest of a file.
std::string_view name_of(ChangedField field) noexcept;

/// How much is known of both objects.
struct Comparison {
  /// Whether two files of one size differ in their content.
  std::function<bool(const archive::IndexEntry& before, const archive::IndexEntry& after)> content_differs;
  bool knows_flags = true;
  /// A time without a fraction may have lost it, as in tars of formats older than pax.
  bool may_lack_nanoseconds = false;
};

/// In what two entries of one path differ, in the order of ChangedField.
///
/// A hard link counts as the file that it links to, whichever of the names has the content; but attributes and flags
/// are compared only where both have them, which a hard link has not (docs/format.md, "A directory's tar"). Names of
/// owners, ctime, device, inode and number of links are the host's affair and count for nothing. Thread-safe.
std::vector<ChangedField> compare(const archive::IndexEntry& before, const archive::IndexEntry& after,
                                  const Comparison& comparison);

}  // namespace osbackup::restore
