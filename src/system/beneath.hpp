#pragma once

#include <string_view>

#include "system/file_descriptor.hpp"

namespace osbackup::system {

/// How a path is gone along. Both find the same.
enum class PathWalk {
  InKernel,    ///< openat2(2), at most PATH_MAX bytes a call; Linux 5.6.
  StepByStep,  ///< A name a call.
};

/// InKernel where the kernel and its filters (seccomp) have openat2(2).
PathWalk best_path_walk() noexcept;

/// Opens what lies below one directory, and never anything else, whoever changes the tree meanwhile: no link on the way
/// is followed, nor one at its end, and no way leads up. Immutable, thread-safe.
class Beneath {
 public:
  explicit Beneath(FileDescriptor root, PathWalk walk = best_path_walk()) : root_(std::move(root)), walk_(walk) {}

  const FileDescriptor& root() const noexcept { return root_; }

  /// Opens a directory by its path from the root on, which may be longer than PATH_MAX; `.` is the root. `flags` are
  /// open(2)'s: O_RDONLY or O_PATH. None, and errno, when that fails: ELOOP at a link, wherever it leads to; ENOTDIR at
  /// anything else that is no directory; EXDEV when the path is absolute or has a name that is empty, `.` or `..`.
  FileDescriptor open_directory(std::string_view path, int flags) const noexcept;

 private:
  FileDescriptor open_piece(int directory, std::string_view piece, int flags) const noexcept;

  FileDescriptor root_;
  PathWalk walk_;
};

/// Opens a name in an open directory if it is a directory. None, and errno, when that fails; the same values as
/// Beneath's.
FileDescriptor open_directory_named(int parent, const char* name, int flags) noexcept;

}  // namespace osbackup::system
