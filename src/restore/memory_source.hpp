#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/byte_source.hpp"

namespace osbackup::restore {

/// Bytes at hand, from a place in them to their end. The bytes outlive it; one thread at a time.
class MemorySource final : public ByteSource {
 public:
  /// `position` is inside the bytes, or their end.
  MemorySource(std::span<const std::byte> bytes, std::size_t position)
      : begin_(bytes.data()), size_(bytes.size()), position_(position) {}

  std::size_t read(std::span<std::byte> out) override {
    const std::size_t count = std::min(out.size(), size_ - position_);
    std::copy_n(begin_ + position_, count, out.begin());
    position_ += count;
    return count;
  }
  std::uint64_t skip(std::uint64_t bytes) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, size_ - position_));
    position_ += count;
    return count;
  }

  std::size_t position() const noexcept { return position_; }

 private:
  const std::byte* begin_;
  std::size_t size_;
  std::size_t position_;
};

}  // namespace osbackup::restore
