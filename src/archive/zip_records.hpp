#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/zip_directory.hpp"

namespace osbackup::archive {

/// Reads the little-endian fields of a record one after another. One thread at a time; the bytes outlive it. Corrupt
/// when they end too early.
class ZipFields {
 public:
  explicit ZipFields(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::span<const std::byte> bytes(std::size_t count);
  std::string text(std::size_t count);
  std::size_t left() const noexcept { return rest_.size(); }

 private:
  std::uint64_t number(std::size_t bytes);

  std::span<const std::byte> rest_;
};

/// Where a central directory lies.
struct ZipDirectoryPlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t count = 0;
};

/// Finds the end record, and the Zip64 ones if there are any (APPNOTE.TXT, 4.3.14 to 4.3.16); checks that the directory
/// ends where they begin.
ZipDirectoryPlace find_zip_directory(const RangeReader& zip);

/// Takes one record of the central directory (4.3.12) off the front of `fields`. Does not know of other entries.
ZipEntry take_central_record(ZipFields& fields);

/// Checks what stands before an entry's content (4.3.7); where the content begins.
std::uint64_t check_local_header(const RangeReader& zip, const ZipEntry& entry);

/// The name in a local header just as ZipWriter writes it (docs/format.md, "Entries of the zip"); nothing when `bytes`
/// begin with anything else. For who has to do without a central directory. Thread-safe.
std::optional<std::string> written_entry_name(std::span<const std::byte> bytes);

/// What ZipWriter writes behind the content of an entry.
struct ZipDescriptor {
  std::uint32_t crc = 0;
  std::uint64_t bytes = 0;

  bool operator==(const ZipDescriptor&) const = default;
};

/// The descriptor that `bytes` begin with; nothing when they begin with anything else. Thread-safe.
std::optional<ZipDescriptor> written_descriptor(std::span<const std::byte> bytes);

}  // namespace osbackup::archive
