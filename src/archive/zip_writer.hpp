#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/byte_sink.hpp"
#include "core/clock.hpp"

namespace osbackup::archive {

/// Where the content of a zip entry lies in the zip.
struct ZipPlace {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const ZipPlace&) const = default;
};

/// Writes a zip as a stream: every entry stored, its sizes behind it in a descriptor with 8-byte fields, Zip64 where
/// values need it (APPNOTE.TXT 6.3.10; docs/format.md, "Entries of the zip"). Bytes go straight through to the sink.
/// What the sink throws is passed on; the zip is then of no more use. One thread at a time.
class ZipWriter {
 public:
  /// `time` is the modification time of every entry, in UTC. A zip counts two seconds, from 1980 to 2107; a time
  /// outside of that becomes the nearest one inside.
  ZipWriter(ByteSink& sink, TimePoint time);

  /// Begins an entry. Its name must be UTF-8, not empty, at most 65,535 bytes, and not used before.
  void begin_entry(const std::string& name);

  /// The next bytes of the entry.
  void write(std::span<const std::byte> bytes);

  /// Ends the entry.
  ZipPlace end_entry();

  /// Writes the central directory. Nothing may follow.
  void finish();

  /// Bytes of the zip so far.
  std::uint64_t size() const noexcept { return size_; }

 private:
  struct Member {
    std::string name;
    std::uint64_t header_offset = 0;
    std::uint64_t bytes = 0;
    std::uint32_t crc = 0;
  };

  std::vector<std::byte> central_header(const Member& member) const;
  void put(std::span<const std::byte> bytes);

  ByteSink& sink_;
  std::uint32_t dos_time_ = 0;
  std::uint64_t size_ = 0;
  std::vector<Member> members_;
  bool in_entry_ = false;
  bool finished_ = false;
};

}  // namespace osbackup::archive
