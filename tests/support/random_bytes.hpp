#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace osbackup::test {

struct RandomBytes {
  std::size_t size = 0;
  std::uint64_t seed = 0;
};

/// Bytes without a pattern, the same for the same seed.
std::vector<std::byte> random_bytes(RandomBytes wanted);

}  // namespace osbackup::test
