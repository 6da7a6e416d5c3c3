#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "archive/gzip_member.hpp"

struct libdeflate_decompressor;

namespace osbackup::archive {

/// The shortest member that `OB` may tell of.
inline constexpr std::uint64_t kMemberBytesMin = kMemberHeaderBytes + kMemberTrailerBytes;

/// The length that the header of one of our gzip members says the member has. Corrupt when these bytes do not begin
/// such a member, or when it is longer than the `bytes_left` from its begin on. It is no more than a claim:
/// GzipMemberReader checks it.
std::uint64_t member_length(std::span<const std::byte> header, std::uint64_t bytes_left);

/// What a damaged member still tells of its content.
struct MemberRemains {
  std::optional<std::size_t> inflated;  ///< How many bytes it inflates to, when it ends with them; else nothing.
  bool has_its_crc = false;             ///< Whether these have the CRC that it says.
  std::uint64_t said_bytes = 0;         ///< What ISIZE says.

  /// How many bytes it held, as far as is known: as many as it inflates to, if CRC or ISIZE agree; what ISIZE says when
  /// it cannot be inflated, if that is not zero and at most `content_bytes_max`.
  std::optional<std::size_t> likely_bytes(std::size_t content_bytes_max) const noexcept;
};

/// Inflates members that GzipMemberEncoder made, each alone. One thread at a time.
///
/// By libdeflate: on system files in members of 1 MiB, with the CRC, it is as fast as ISA-L at what ISA-L compressed,
/// and a quarter faster at what libdeflate did.
class GzipMemberReader {
 public:
  GzipMemberReader();

  /// Inflates one member, from its header to its end, to the beginning of `out`, and gives how many bytes it wrote.
  /// Corrupt when the member holds more than `out`, when it does not end exactly where the bytes do, or when its
  /// length, CRC or ISIZE is not true.
  std::size_t inflate(std::span<const std::byte> member, std::span<std::byte> out);

  /// The content of one member. Corrupt, and nothing is taken from memory, when it says that it holds more than
  /// `content_bytes_max`; else as above.
  std::vector<std::byte> content_of(std::span<const std::byte> member, std::size_t content_bytes_max);

  /// Inflates what can be of a member, whose header and trailer need not be right, and makes it and some zeros
  /// `content`: at most `content_bytes_max`. Nothing of it is checked but what is returned.
  MemberRemains inflate_damaged(std::span<const std::byte> member, std::size_t content_bytes_max,
                                std::vector<std::byte>& content);

 private:
  struct Free {
    void operator()(libdeflate_decompressor* decompressor) const noexcept;
  };
  std::unique_ptr<libdeflate_decompressor, Free> decompressor_;
};

}  // namespace osbackup::archive
