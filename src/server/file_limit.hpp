#pragma once

#include <cstdint>

namespace osbackup::server {

/// Raises this process's limit of open files to the most that the system allows it. Returns the limit that now holds.
std::uint64_t raise_file_limit() noexcept;

}  // namespace osbackup::server
