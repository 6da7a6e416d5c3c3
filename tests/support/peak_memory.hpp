#pragma once

#include <cstdint>

namespace osbackup::test {

/// How much more memory this process had at any moment than when the object was made (proc(5), VmHWM and VmRSS). One at
/// a time in a process.
class PeakMemory {
 public:
  PeakMemory();

  /// In bytes; 0 under a sanitizer, whose own memory says nothing of the program's.
  std::uint64_t grown_bytes() const;

 private:
  std::uint64_t before_bytes_;
};

}  // namespace osbackup::test
