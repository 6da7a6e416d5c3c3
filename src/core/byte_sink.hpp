#pragma once

#include <cstddef>
#include <span>

namespace osbackup {

/// Where bytes go, in order. One thread at a time.
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  /// Takes all of them, or throws Error.
  virtual void write(std::span<const std::byte> bytes) = 0;
};

}  // namespace osbackup
