#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/range_reader.hpp"

namespace osbackup::archive {

/// The most that a central directory may take: room for 300,000 entries. An archive has one for each configured
/// directory.
inline constexpr std::uint64_t kZipDirectoryBytesMax = 16U << 20U;

/// One entry as the central directory has it.
struct ZipEntry {
  std::string name;  ///< Raw bytes: not empty, relative, without NUL and without `..`; `/` at the end of a directory.
  std::uint64_t header_offset = 0;
  std::uint64_t packed_bytes = 0;  ///< As it lies in the zip.
  std::uint64_t bytes = 0;         ///< Unpacked.
  std::uint64_t end_limit = 0;     ///< Where the next entry, or the central directory, begins.
  std::uint32_t crc = 0;
  std::uint16_t method = 0;  ///< 0 is stored, 8 is deflate.
  bool is_encrypted = false;

  /// Whether its content lies in the zip as it is.
  bool is_stored() const noexcept { return method == 0 && !is_encrypted; }
};

/// The central directory of a zip, checked: what every other reader of an archive goes by (APPNOTE.TXT 6.3.10). Takes
/// what ZipWriter, Info-ZIP and others write, with or without Zip64 and a comment; refuses zips in several parts or
/// behind other bytes, entries that overlap or reach beyond the directory, two of one name, and names that lead
/// elsewhere. Errors are Corrupt, and name the place. Immutable; as thread-safe as the reader.
class ZipDirectory {
 public:
  /// Reads the end of the zip: several reads close to each other, which a TailRange makes one of.
  explicit ZipDirectory(std::shared_ptr<const RangeReader> zip);

  /// In the order of the central directory.
  const std::vector<ZipEntry>& entries() const noexcept { return entries_; }

  /// Null when there is none of this name.
  const ZipEntry* find(std::string_view name) const;

  /// Where the content of one of these entries begins. Reads its local header, which must say the same of it as the
  /// central directory.
  std::uint64_t data_offset(const ZipEntry& entry) const;

 private:
  void sort_by_name();
  void set_limits(std::uint64_t directory_offset);

  std::shared_ptr<const RangeReader> zip_;
  std::vector<ZipEntry> entries_;
  std::vector<std::size_t> by_name_;  ///< Numbers of the entries, sorted by name.
};

}  // namespace osbackup::archive
