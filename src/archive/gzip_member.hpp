#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace osbackup::archive {

/// How hard the members are compressed.
enum class Compression {
  Fast,      ///< ISA-L, level 1.
  Balanced,  ///< ISA-L, level 2: on system files a tenth larger than gzip -6, at ten times its speed and more.
  Best,      ///< libdeflate, level 8: smaller than gzip -6 by a hundredth or two.
};

/// The most tar stream that one member holds, except for headers that are longer by themselves.
inline constexpr std::size_t kMemberContentMax = 1U << 20U;

/// The most content that a member can be made of; what is longer breaks a precondition.
inline constexpr std::size_t kMemberContentLimit = 1U << 30U;

/// What every member begins with: ID1 ID2 CM FLG(FEXTRA) MTIME(4) XFL OS(Unix) XLEN(2) 'O' 'B' LEN(2). The member's
/// length follows in 8 bytes, and ends the header.
inline constexpr std::array<std::uint8_t, 16> kMemberHeaderStart = {0x1F, 0x8B, 8,  4, 0,   0,   0, 0,
                                                                    0,    3,    12, 0, 'O', 'B', 8, 0};
inline constexpr std::size_t kMemberHeaderBytes = kMemberHeaderStart.size() + 8;

/// CRC-32 and ISIZE, which end a member.
inline constexpr std::size_t kMemberTrailerBytes = 4 + 4;

/// Makes gzip members (RFC 1952, section 2.2), each compressed on its own and readable alone: MTIME 0, no name, and an
/// extra field with the subfield `OB` that holds the length of the whole member (docs/format.md, "Gzip members").
///
/// Its buffers are used again for each member. One thread at a time.
class GzipMemberEncoder {
 public:
  explicit GzipMemberEncoder(Compression compression);
  ~GzipMemberEncoder();
  GzipMemberEncoder(GzipMemberEncoder&&) noexcept;
  GzipMemberEncoder& operator=(GzipMemberEncoder&&) noexcept;

  /// Makes one member at the beginning of `buffer`, and gives the part of the buffer that it takes. The buffer is
  /// lengthened where it must be and never shortened, so that one that is used again costs no zeroing.
  std::span<const std::byte> encode(std::span<const std::byte> content, std::vector<std::byte>& buffer);

 private:
  class Deflater;
  std::unique_ptr<Deflater> deflater_;
};

}  // namespace osbackup::archive
