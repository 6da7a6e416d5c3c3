#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace osbackup {

/// Where bytes come from, in order. One thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Fills `out`, or its beginning when fewer bytes are left, and gives how many it wrote. So less than `out.size()`
  /// is the end.
  virtual std::size_t read(std::span<std::byte> out) = 0;

  /// Goes over so many bytes, and gives how many there were. Reads them, unless the source knows a faster way.
  virtual std::uint64_t skip(std::uint64_t bytes);
};

}  // namespace osbackup
