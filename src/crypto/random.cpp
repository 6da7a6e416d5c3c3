#include "crypto/random.hpp"

#include <fmt/format.h>

#include <array>
#include <cassert>
#include <limits>

#include "core/encoding.hpp"
#include "crypto/openssl.hpp"

namespace osbackup::crypto {

void fill_random(std::span<std::byte> out) {
  require(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) == 1,
          "get random bytes");
}

std::uint64_t random_below(std::uint64_t bound) {
  assert(bound > 0);
  // Values past the largest multiple of `bound` would make the small results likelier: they are drawn again.
  const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / bound * bound;
  std::uint64_t value = 0;
  do {
    fill_random(std::as_writable_bytes(std::span(&value, 1)));
  } while (value >= limit);
  return value % bound;
}

std::string random_uuid() {
  std::array<std::byte, 16> bytes{};
  fill_random(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  const std::string digits = hex(bytes);
  const std::string_view all = digits;
  return fmt::format("{}-{}-{}-{}-{}", all.substr(0, 8), all.substr(8, 4), all.substr(12, 4), all.substr(16, 4),
                     all.substr(20));
}

}  // namespace osbackup::crypto
