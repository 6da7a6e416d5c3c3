#include "archive/crc32.hpp"

#include <isa-l/crc.h>

namespace osbackup::archive {

std::uint32_t crc32(std::uint32_t before, std::span<const std::byte> bytes) noexcept {
  return crc32_gzip_refl(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}  // namespace osbackup::archive
