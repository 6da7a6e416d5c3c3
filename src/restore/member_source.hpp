#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "archive/gzip_member_reader.hpp"
#include "archive/tar_reader.hpp"
#include "core/byte_source.hpp"

namespace osbackup::restore {

/// The most that a member of a tar may hold: 1 MiB, or one entry's headers, as long as TarReader takes them.
inline constexpr std::size_t kTarMemberContentMax = archive::kPaxHeaderReadBytesMax + archive::kMemberContentMax;

/// The most that such a member may take: what does not shrink grows a little.
inline constexpr std::size_t kTarMemberBytesMax = kTarMemberContentMax + (1U << 20U);

/// The content of gzip members that GzipMemberEncoder made, one behind another, such as those of an entry's span.
/// A member is given out when its CRC was found to be right; of a damaged one nothing is. Memory for one member, taken
/// as its bytes come. Errors are Corrupt, with the member's offset, besides those of the source. One thread at a time.
class MemberSource final : public ByteSource {
 public:
  /// `compressed` begins with a member; `bytes` of it are members, of which the last ends there.
  MemberSource(std::unique_ptr<ByteSource> compressed, std::uint64_t bytes);

  std::size_t read(std::span<std::byte> out) override;

 private:
  bool next_member();
  void fetch(std::size_t bytes);

  std::unique_ptr<ByteSource> compressed_;
  std::uint64_t bytes_ = 0;
  std::uint64_t consumed_ = 0;  ///< With the members up to and including the one at hand.
  archive::GzipMemberReader inflater_;
  std::vector<std::byte> member_;
  std::vector<std::byte> content_;
  std::size_t used_ = 0;  ///< Of the content.
};

}  // namespace osbackup::restore
