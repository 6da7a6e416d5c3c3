#pragma once

#include <memory>

#include "core/byte_source.hpp"

namespace osbackup::archive {

/// The content of a raw deflate stream (RFC 1951), as zips hold it. Its memory is its own buffers, whatever the stream
/// says. What follows the stream is not looked at. One thread at a time.
class DeflateStream final : public ByteSource {
 public:
  /// Reads from `compressed`, which must outlive it, in pieces of 256 KiB.
  explicit DeflateStream(ByteSource& compressed);
  ~DeflateStream() override;

  /// As ByteSource says. Corrupt, with the offset in the compressed bytes, when the stream is cut off or cannot be
  /// inflated.
  std::size_t read(std::span<std::byte> out) override;

 private:
  class Inflater;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace osbackup::archive
