#pragma once

namespace osbackup::test {

/// While it lives, the leak sanitizer does not mind what this thread allocates: for a test that brings a library to a
/// leak of its own.
class ToleratedLeaks {
 public:
  ToleratedLeaks() noexcept;
  ~ToleratedLeaks();
  ToleratedLeaks(const ToleratedLeaks&) = delete;
  ToleratedLeaks& operator=(const ToleratedLeaks&) = delete;
};

}  // namespace osbackup::test
