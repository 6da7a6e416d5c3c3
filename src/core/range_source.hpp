#pragma once

#include "core/byte_source.hpp"
#include "core/range_reader.hpp"

namespace osbackup {

/// A part of a RangeReader, which must outlive it, from its begin to its end. Each read is one of the RangeReader;
/// skipping costs nothing.
class RangeSource final : public ByteSource {
 public:
  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };

  /// Corrupt when the part does not lie inside the range.
  RangeSource(const RangeReader& range, Part part);

  std::size_t read(std::span<std::byte> out) override;
  std::uint64_t skip(std::uint64_t bytes) override;

 private:
  const RangeReader& range_;
  Part left_;
};

}  // namespace osbackup
