#pragma once

#include <filesystem>

#include "system/file_descriptor.hpp"

namespace osbackup::system {

/// Held by at most one process of the host; the kernel releases it when the process ends, however it ends.
class ProcessLock {
 public:
  /// Takes the lock, or throws Locked with the holder's process id at once.
  explicit ProcessLock(const std::filesystem::path& file);

 private:
  FileDescriptor file_;
};

}  // namespace osbackup::system
