#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "backup/scanner.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::backup {

/// A regular file that was opened, or why it could not be.
struct OpenedFile {
  system::FileDescriptor descriptor;  ///< None when there was a problem.
  struct stat status {};              ///< As it is now.
  std::string problem;                ///< A sentence's end, for a warning.
};

/// Opens a scanned regular file for reading: relative to its directory, without following a link, without waiting for a
/// FIFO's other end, and without touching its access time where that is allowed. A problem when it is not the scanned
/// object any more. Thread-safe.
OpenedFile open_planned(const ScannedObject& object);

/// Where a scanned symbolic link leads; nothing, with errno set, when it cannot be read. Thread-safe.
std::optional<std::string> link_target(const ScannedObject& object);

/// What errno says, in words.
std::string last_problem();

/// The absolute path, for warnings, of a path relative to `/`.
std::string absolute_path(const std::string& path);

/// The other way round: a normalised absolute path as the index has it.
std::string relative_path(const std::string& path);

}  // namespace osbackup::backup
