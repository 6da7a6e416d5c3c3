#pragma once

#include <cstdint>
#include <memory>

#include "archive/deflate_stream.hpp"
#include "archive/zip_directory.hpp"
#include "core/byte_source.hpp"
#include "core/range_reader.hpp"

namespace osbackup::archive {

/// The content of a zip entry from its begin to its end, stored or deflated, as one stream of the zip's bytes. Bounded
/// memory. One thread at a time.
class ZipEntryStream final : public ByteSource {
 public:
  /// `entry` is of `directory`, which is that of `zip`; both readers outlive it. Usage when the entry is encrypted or
  /// compressed in another way, which names the remedy.
  ZipEntryStream(const ZipDirectory& directory, const RangeReader& zip, const ZipEntry& entry);

  /// As ByteSource says. Corrupt when the content ends before the entry's size, or cannot be inflated. Whether it is
  /// what was packed, check() knows.
  std::size_t read(std::span<std::byte> out) override;

  /// When all was read: Corrupt when it has another CRC than the entry says, or would go on behind the entry's size.
  void check();

 private:
  std::uint64_t bytes_left_ = 0;
  std::uint32_t expected_crc_ = 0;
  std::uint32_t crc_ = 0;
  std::unique_ptr<ByteSource> packed_;
  std::unique_ptr<DeflateStream> inflated_;  ///< Null when the entry is stored.
};

}  // namespace osbackup::archive
