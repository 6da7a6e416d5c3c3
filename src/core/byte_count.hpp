#pragma once

#include <cstdint>
#include <string>

namespace osbackup {

/// `100MB`: 10^6 bytes, rounded up, as the reports' `file_size` has it (docs/protocol.md).
std::string megabytes_rounded_up(std::uint64_t bytes);

/// `1.4 GiB`, `312 KiB`, `17 B`: for people.
std::string human_bytes(std::uint64_t bytes);

}  // namespace osbackup
