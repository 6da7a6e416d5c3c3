#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "system/file_descriptor.hpp"

namespace osbackup::system {

/// A directory that only its owner can change, in a place where others may write (such as /tmp).
///
/// It belongs to this process's user, is made with mode 0700, and is held open: what is put in its place later is not
/// used.
class PrivateDirectory {
 public:
  /// Opens the directory, or makes it. A link, a file, or somebody else's directory in its place is renamed aside and
  /// never used; set_aside() then tells its new name. The directory above must be root's or this user's, and sticky if
  /// others may write to it, and so must the directory itself if it was there before; Denied when they are not.
  static PrivateDirectory open(const std::filesystem::path& path);

  const std::filesystem::path& path() const noexcept { return path_; }
  const FileDescriptor& descriptor() const noexcept { return descriptor_; }

  /// Where the impostor went: a sign of an attack that must be reported.
  const std::optional<std::filesystem::path>& set_aside() const noexcept { return set_aside_; }

 private:
  std::filesystem::path path_;
  FileDescriptor descriptor_;
  std::optional<std::filesystem::path> set_aside_;
};

/// Removes one name in an open directory, with everything below it, without following a link or entering another file
/// system. What it cannot remove stays.
void remove_tree(const FileDescriptor& parent, const std::string& name) noexcept;

}  // namespace osbackup::system
