#pragma once

#include <memory>

#include "core/byte_source.hpp"

namespace osbackup::archive {

/// The content of a gzip stream (RFC 1952) of any members, as `gzip` and `pigz` make them: any optional fields, any
/// number of members, each of any size. Its memory is its own buffers, whatever the stream says. One thread at a time.
///
/// What follows the last member is taken as gzip(1) takes it: zero bytes are padding; what does not begin like a member
/// is not read, see has_trailing_garbage().
class GzipStream final : public ByteSource {
 public:
  /// Reads from `compressed`, which must outlive it, in pieces of 256 KiB.
  explicit GzipStream(ByteSource& compressed);
  ~GzipStream() override;

  /// As ByteSource says. Corrupt, with the offset in the compressed bytes, when the stream ends inside a member or
  /// cannot be inflated. Then all but the last piece has been given out already.
  std::size_t read(std::span<std::byte> out) override;

  /// Corrupt, with the place of the first, when a member whose end was read has a CRC or ISIZE that is not that of its
  /// content.
  void check() const;

  /// How many compressed bytes were consumed.
  std::uint64_t compressed_offset() const noexcept;

  /// Whether something other than zero bytes followed the last member; known when read() came to the end.
  bool has_trailing_garbage() const noexcept;

 private:
  class Inflater;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace osbackup::archive
