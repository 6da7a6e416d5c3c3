#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace osbackup::restore {

/// Names that nothing else has, for objects that are still to be renamed: `.osbackup-5b0c71d2-17`. Thread-safe.
class TemporaryNames {
 public:
  TemporaryNames();

  std::string next();

 private:
  std::string begin_;
  std::atomic<std::uint64_t> number_ = 0;
};

}  // namespace osbackup::restore
