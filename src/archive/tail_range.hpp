#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/range_reader.hpp"

namespace osbackup::archive {

/// How much of an archive's end is read at once and kept (docs/format.md, "Reading one file").
inline constexpr std::size_t kTailBytes = 128U << 10U;

/// What was asked of a stored object.
struct ReadCount {
  std::uint64_t reads = 0;
  std::uint64_t bytes = 0;
};

/// A stored object whose last 128 KiB are read once and kept, so that what lies in them costs nothing more. Counts what
/// it reads. Thread-safe, if the object is.
class TailRange final : public RangeReader {
 public:
  /// Asks for the object's size once, and reads its tail.
  explicit TailRange(std::shared_ptr<const RangeReader> object);

  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override;

  /// One read of the object, unless all of it lies in the tail; its bytes are counted as they are read.
  std::unique_ptr<ByteSource> stream(std::uint64_t offset, std::uint64_t length) const override;

  /// The reads so far, with that of the tail.
  ReadCount count() const { return {.reads = reads_, .bytes = bytes_}; }

 private:
  class CountedStream;

  void fetch(std::uint64_t offset, std::span<std::byte> out) const;

  std::shared_ptr<const RangeReader> object_;
  std::uint64_t size_ = 0;
  std::vector<std::byte> tail_;
  mutable std::atomic<std::uint64_t> reads_ = 0;
  mutable std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace osbackup::archive
