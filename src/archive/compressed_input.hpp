#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/byte_source.hpp"

namespace osbackup::archive {

/// Compressed bytes on their way to an inflater, which takes as many as it likes: one piece of them is in memory. One
/// thread at a time.
class CompressedInput {
 public:
  static constexpr std::size_t kPieceBytes = 256U << 10U;

  /// Reads from `source`, which must outlive it.
  explicit CompressedInput(ByteSource& source) : source_(source), buffer_(kPieceBytes) {}

  /// What is in memory and not consumed yet; empty only at the end. Until the next call.
  std::span<const std::byte> piece();
  void consume(std::size_t bytes) noexcept;

  /// Consumes a byte; nothing at the end.
  std::optional<std::uint8_t> next();

  /// How many bytes were consumed.
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  ByteSource& source_;
  std::vector<std::byte> buffer_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  bool ended_ = false;
  std::uint64_t offset_ = 0;
};

}  // namespace osbackup::archive
