#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace osbackup {

/// `1 file`, `3 files`: a number and a noun whose plural takes an `s`.
inline std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace osbackup
