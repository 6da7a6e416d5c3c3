#pragma once

#include <atomic>
#include <cstdint>

#include "storage/destination.hpp"

namespace osbackup::storage {

/// The traffic of a destination that needs no login. Thread-safe.
class TrafficCount {
 public:
  void begin_read() noexcept { ++reads_; }
  void add_bytes(std::uint64_t bytes) noexcept { bytes_read_ += bytes; }

  Traffic traffic() const noexcept { return {.logins = 0, .reads = reads_, .bytes_read = bytes_read_}; }

 private:
  std::atomic<std::uint64_t> reads_ = 0;
  std::atomic<std::uint64_t> bytes_read_ = 0;
};

}  // namespace osbackup::storage
