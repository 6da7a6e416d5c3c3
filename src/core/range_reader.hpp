#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/byte_source.hpp"

namespace osbackup {

/// Random access to bytes that do not change. All functions may be called from several threads at once.
class RangeReader {
 public:
  virtual ~RangeReader() = default;
  virtual std::uint64_t size() const = 0;

  /// Fills `out` from `offset` on. Corrupt when the bytes end before that.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;

  /// The bytes from `offset` on, `length` of them, in order: for who needs them all, one range instead of many. The
  /// reader outlives the source, which is one thread's at a time. Corrupt when the bytes end before that.
  virtual std::unique_ptr<ByteSource> stream(std::uint64_t offset, std::uint64_t length) const;

 protected:
  /// Corrupt when there are not `length` bytes from `offset` on.
  void require_inside(std::uint64_t offset, std::uint64_t length) const;
};

/// Bytes in memory.
class MemoryRange final : public RangeReader {
 public:
  explicit MemoryRange(std::vector<std::byte> bytes);

  std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace osbackup
