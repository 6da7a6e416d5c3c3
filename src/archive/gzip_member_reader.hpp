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
  /// `content`: at most `content_bytes_max`. Nothing of it is checked. Gives how many bytes it inflated to; nothing
  /// when that failed on the way.
  std::optional<std::size_t> inflate_damaged(std::span<const std::byte> member, std::size_t content_bytes_max,
                                             std::vector<std::byte>& content);

  /// How many bytes a member held that is damaged, but ends where it says: as many as it inflates to, if CRC or ISIZE
  /// agree; what ISIZE says when it cannot be inflated. Nothing when that is not known, or more than
  /// `content_bytes_max`.
  std::optional<std::size_t> lost_bytes_of(std::span<const std::byte> member, std::size_t content_bytes_max);

 private:
  struct Free {
    void operator()(libdeflate_decompressor* decompressor) const noexcept;
  };
  std::unique_ptr<libdeflate_decompressor, Free> decompressor_;
};

}  // namespace osbackup::archive
