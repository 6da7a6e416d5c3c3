#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace osbackup::archive {

/// The CRC-32 that zip and gzip have (RFC 1952, section 8), of bytes that come in pieces: `before` is that of those
/// before, 0 at first. Thread-safe.
std::uint32_t crc32(std::uint32_t before, std::span<const std::byte> bytes) noexcept;

}  // namespace osbackup::archive
