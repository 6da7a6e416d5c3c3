#pragma once

#include <ctime>
#include <optional>

namespace osbackup::restore {

/// When an object was made: the time that nobody can set (statx(2), stx_btime). Nothing where the file system keeps no
/// such time, and when it cannot be had. `name` lies in the open directory; empty, it is the open object itself.
std::optional<timespec> made_time(int directory, const char* name) noexcept;

/// To the nanosecond.
bool is_same_time(const timespec& left, const timespec& right) noexcept;

/// Whether a time that a file system has kept is that of the archive; some keep whole seconds.
bool is_kept_time(const timespec& kept, const timespec& archived) noexcept;

/// Whether one time comes before another.
bool is_before(const timespec& left, const timespec& right) noexcept;

}  // namespace osbackup::restore
