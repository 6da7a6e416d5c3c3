#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "archive/tar_writer.hpp"
#include "core/byte_source.hpp"

namespace osbackup::archive {

/// A record of a tar.
using TarRecord = std::array<char, kTarRecordBytes>;

/// The bytes of a tar, and how far they were read. One thread at a time.
class TarInput {
 public:
  /// Reads from `source`, which must outlive it.
  explicit TarInput(ByteSource& source) noexcept : source_(source) {}

  std::uint64_t offset() const noexcept { return offset_; }

  /// Reads a whole record; false at the end. Corrupt when the tar ends inside the record.
  bool read_record_unless_at_end(TarRecord& record);

  /// Corrupt when the tar ends before so much was read.
  void read(std::span<std::byte> out);
  void skip(std::uint64_t bytes);
  TarRecord record();

  /// So many bytes and the padding behind them, in memory that is taken as they come.
  std::string text(std::uint64_t bytes);

 private:
  ByteSource& source_;
  std::uint64_t offset_ = 0;
};

}  // namespace osbackup::archive
