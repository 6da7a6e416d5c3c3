#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "archive/entry.hpp"
#include "archive/tar_attributes.hpp"

namespace osbackup::archive {

/// Tar counts in records of this size.
inline constexpr std::size_t kTarRecordBytes = 512;

/// Rounded up to whole records.
constexpr std::uint64_t in_whole_records(std::uint64_t bytes) noexcept {
  return (bytes + kTarRecordBytes - 1) / kTarRecordBytes * kTarRecordBytes;
}

/// Encodes tar entries into a buffer that it only appends to (docs/format.md, "A directory's tar"): ustar records
/// (POSIX.1-2017, pax, "ustar Interchange Format"), with a pax extended header before them where ustar cannot say it.
/// What ustar cannot say stands in its field cut or as the nearest value it can, for readers that know no pax.
/// One thread at a time.
class TarWriter {
 public:
  /// Appends to `out`, whose size must be a multiple of 512.
  explicit TarWriter(std::vector<std::byte>& out) : out_(out) {}

  /// Appends everything of an entry that stands before its content: the pax header if it needs one, the ustar header,
  /// and a sparse file's map. Content follows for files alone: stored_bytes(entry), padded to whole records.
  ///
  /// Leaves out the attributes that remove_unstorable_attributes() would take. Path and target must be as Entry says,
  /// without NUL, a link's target not empty, and device numbers below 2^21, as Linux has them.
  void append_headers(const Entry& entry);

  /// Appends the zero bytes that complete the last record.
  void append_padding();

  /// Appends the two zero records that end a tar.
  void append_end();

 private:
  std::vector<std::byte>& out_;
};

}  // namespace osbackup::archive
