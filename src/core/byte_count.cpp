#include "core/byte_count.hpp"

#include <fmt/format.h>

#include <array>

namespace osbackup {

std::string megabytes_rounded_up(std::uint64_t bytes) {
  constexpr std::uint64_t kMegabyte = 1'000'000;
  return fmt::format("{}MB", bytes / kMegabyte + (bytes % kMegabyte == 0 ? 0 : 1));
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits.at(unit));
}

}  // namespace osbackup
