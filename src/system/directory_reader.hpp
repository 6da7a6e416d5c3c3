#pragma once

#include <cstddef>
#include <vector>

#include "system/file_descriptor.hpp"

namespace osbackup::system {

/// Opens a directory below another (or AT_FDCWD), without following a link, and without touching its access time where
/// that is allowed. None, and errno, when that fails.
FileDescriptor open_directory_at(int parent, const char* name) noexcept;

/// Reads the names in directories straight from the kernel (getdents64(2)), one directory after the other through one
/// buffer: a stream of the C library's costs three system calls and an allocation more for each. One thread at a time.
class DirectoryReader {
 public:
  DirectoryReader();

  /// Goes to the beginning of a directory that was just opened and stays open.
  void begin(int directory) noexcept;
  /// The next name other than `.` and `..`, in no order; nullptr at the end, and when reading fails. Valid until the
  /// next call.
  const char* next() noexcept;
  /// The errno value that reading ended with; 0 when the end was reached.
  int problem() const noexcept { return problem_; }

 private:
  bool fill() noexcept;

  std::vector<char> buffer_;
  int directory_ = -1;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  int problem_ = 0;
};

}  // namespace osbackup::system
