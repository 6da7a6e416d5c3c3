#include "support/random_bytes.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace osbackup::test {

std::vector<std::byte> random_bytes(RandomBytes wanted) {
  std::mt19937_64 generator(wanted.seed);
  std::vector<std::byte> bytes(wanted.size);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = generator();
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at));
  }
  return bytes;
}

}  // namespace osbackup::test
