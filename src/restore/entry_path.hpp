#pragma once

#include <string_view>

#include "archive/entry.hpp"

namespace osbackup::restore {

/// Refused when an entry's names lead out of the target, or may: a path, or a hard link's target, that is absolute or
/// has a name in it that is empty, `.` or `..`; a path of more than archive::kPathBytesMax; the target itself as
/// anything else than a directory. Where links on the disk lead is not looked at.
void check_paths(const archive::Entry& entry);

/// Where the directory lies that a path is in: `etc` of `etc/passwd`, `.` of `etc`.
std::string_view parent_of(std::string_view path) noexcept;

/// The last name of a path.
std::string_view name_in(std::string_view path) noexcept;

}  // namespace osbackup::restore
