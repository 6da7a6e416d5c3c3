#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "archive/gzip_member.hpp"

namespace osbackup::backup {

/// Where an entry's first record is: in which of a block's members, and how far in.
struct MemberPlace {
  std::size_t member = 0;
  std::uint64_t skip = 0;
};

/// The compressed members of one block.
struct MemberRun {
  std::vector<std::byte> bytes;
  std::vector<std::size_t> ends;  ///< Where in `bytes` each member ends.
  std::uint64_t tar_bytes = 0;    ///< What is in them.
};

/// Cuts a stretch of tar into gzip members so that none holds more than 1 MiB, unless an entry's headers alone do; that
/// an entry of at most 1 MiB lies in one member; and that a larger one has members of its own (docs/format.md, "Gzip
/// members"). Its buffers are used again for each block. One thread at a time.
class MemberBuilder {
 public:
  explicit MemberBuilder(archive::Compression compression) : encoder_(compression) {}

  /// The tar stream of the member that is being filled. Entries are appended to it.
  std::vector<std::byte>& raw() noexcept { return raw_; }

  /// Called when the headers of an entry that begins at raw()[start] are appended, and `content` bytes will follow:
  /// ends the member before the entry if they do not fit together. Gives the entry's place.
  MemberPlace place_entry(std::size_t start, std::uint64_t content);

  /// Called when the entry with these headers is complete: one that is larger than a member is cut. Gives the member
  /// that its end is in.
  std::size_t end_entry(const MemberPlace& place, std::size_t headers);

  /// Of the members that are ended.
  std::size_t compressed_bytes() const noexcept { return run_.bytes.size(); }

  /// Ends the last member, and gives all of them.
  MemberRun finish();

 private:
  void cut(std::size_t bytes);

  archive::GzipMemberEncoder encoder_;
  std::vector<std::byte> raw_;
  std::vector<std::byte> member_;  ///< Keeps its size, so that no member pays for zeros.
  MemberRun run_;
};

}  // namespace osbackup::backup
