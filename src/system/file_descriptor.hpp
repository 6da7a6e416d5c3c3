#pragma once

#include <utility>

namespace osbackup::system {

/// Owns one open file descriptor, or none (-1). Not copied; closed when destroyed.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileDescriptor() { close(); }

  int get() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }

  void close() noexcept;

  /// Hands the descriptor over: it is the caller's to close.
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

/// Fills the descriptors 0, 1 and 2 where they are closed, so that no file that is opened later gets one of them, and
/// with it what is printed. Using them fails as before. Called first of all, before there is a second thread.
void occupy_standard_descriptors() noexcept;

}  // namespace osbackup::system
