#pragma once

#include <cstdint>
#include <string>

#include "archive/entry.hpp"
#include "archive/tar_input.hpp"
#include "archive/tar_metadata.hpp"
#include "archive/ustar_header.hpp"

namespace osbackup::archive {

/// The most bytes that a file may have: what an offset of Linux holds, with room for its last record.
inline constexpr std::uint64_t kFileReadBytesMax = (std::uint64_t{1} << 63U) - 1 - kTarRecordBytes;

/// The types of headers that are not in ustar, or stand for what follows.
enum TarTypeLetter : char {
  OldFile = '\0',
  PaxHeader = 'x',
  SolarisPaxHeader = 'X',
  GlobalPaxHeader = 'g',
  LongPath = 'L',
  LongTarget = 'K',
  OldSparseFile = 'S',
  DirectoryWithNames = 'D',
  VolumeLabel = 'V',
  RestOfAFile = 'M',
  OldLongNames = 'N',
};

/// A header record of a tar: ustar, GNU's, or older than both. Every function throws Corrupt for a field that is not
/// what it should be. Immutable.
class TarHeader {
 public:
  /// Corrupt when the checksum is not true.
  explicit TarHeader(const TarRecord& record);

  const TarRecord& record() const noexcept { return record_; }
  char type() const noexcept { return fields_.type; }
  std::uint64_t size() const;

  /// Of a file of type `S`, with its holes.
  std::uint64_t size_with_holes() const;

  /// The path, which what stands before the header may say, without `./` at its begin and slashes at its end.
  std::string path(const TarMetadata& metadata) const;

  /// The entry but for its content: size, extents and attributes.
  Entry describe(const TarMetadata& metadata) const;

 private:
  std::string raw_path(const TarMetadata& metadata) const;
  EntryType entry_type(const TarMetadata& metadata) const;
  void describe_owner(Entry& entry, const TarMetadata& metadata) const;
  void describe_device(Entry& entry, const TarMetadata& metadata) const;
  void describe_target(Entry& entry, const TarMetadata& metadata) const;

  TarRecord record_;
  UstarHeader fields_;
};

}  // namespace osbackup::archive
