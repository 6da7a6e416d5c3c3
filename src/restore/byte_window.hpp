#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "archive/zip_writer.hpp"
#include "core/byte_source.hpp"
#include "core/range_reader.hpp"

namespace osbackup::restore {

/// Looks forward and backward in bytes that are read once, from begin to end: holds those from where drop_before() says
/// to what was looked at. One thread at a time.
class ByteWindow {
 public:
  /// On a part of `object`, which lies inside of it. When `stop` is requested, reading ends with Cancelled.
  ByteWindow(std::shared_ptr<const RangeReader> object, archive::ZipPlace place, std::stop_token stop);

  /// The bytes from `offset` on, `bytes` of them, or fewer at the end; until the next call. `offset` is not before what
  /// was dropped.
  std::span<const std::byte> at(std::uint64_t offset, std::size_t bytes);

  /// What lies before is not looked at any more.
  void drop_before(std::uint64_t offset);

  /// Where the bytes end.
  std::uint64_t end() const noexcept { return end_; }

 private:
  std::shared_ptr<const RangeReader> object_;
  std::stop_token stop_;
  std::uint64_t end_;
  std::unique_ptr<ByteSource> source_;
  std::uint64_t begin_;  ///< The offset of the first byte in the buffer.
  std::vector<std::byte> buffer_;
};

}  // namespace osbackup::restore
