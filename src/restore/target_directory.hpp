#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "restore/exact_names.hpp"
#include "restore/object_metadata.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::restore {

class TargetTree;
class DirectoryUse;

/// A descriptor that is closed when nobody uses it any more.
using SharedDescriptor = std::shared_ptr<const system::FileDescriptor>;

/// A directory of the target, for as long as something is done to it or below it. Its descriptor is the tree's, which
/// may close it and open it again. Thread-safe.
class TargetDirectory {
 public:
  TargetDirectory(const TargetDirectory&) = delete;
  TargetDirectory& operator=(const TargetDirectory&) = delete;

  /// As the index has it.
  std::string path() const;

  /// Whether this run made it. Until the last user lets go nobody but this process's user can enter it.
  bool is_made() const noexcept { return is_made_; }

  /// Whether something else was there, whose place it took.
  bool replaces() const noexcept { return !replaced_.empty(); }

  /// Whether what is made in it gets ACLs of its choosing.
  bool gives_acl() const noexcept { return gives_acl_; }

  /// Those that are in it.
  ExactNames& names() noexcept { return names_; }

 private:
  friend class TargetTree;
  friend class DirectoryUse;
  explicit TargetDirectory(TargetTree& tree) : tree_(tree) {}
  ~TargetDirectory() = default;

  TargetTree& tree_;
  TargetDirectory* above_ = nullptr;  ///< In use for as long as this one is; nothing above the target itself.
  std::string name_;
  struct stat status_ {};  ///< As it was opened first.
  bool is_made_ = false;
  std::string replaced_;         ///< The name under which what it took the place of waits until it is there for good.
  bool is_in_replaced_ = false;  ///< Whether one above it, or it itself, took the place of something else.
  bool gives_acl_ = false;
  bool has_entry_ = false;  ///< The thread's that walks.
  ExactNames names_;
  std::atomic<std::uint64_t> uses_ = 0;

  // The tree's, under its lock.
  std::optional<ObjectMetadata> metadata_;  ///< To be written when the last user lets go.
  bool is_given_up_ = false;
  SharedDescriptor open_;
  std::list<TargetDirectory*>::iterator place_in_open_;  ///< While `open_` is there.
};

/// Keeps a directory of the target in use. When the last one is destroyed, what the archive says of the directory is
/// written to it, and the one above is let go. Copied freely; an object is one thread's at a time.
class DirectoryUse {
 public:
  DirectoryUse() = default;
  explicit DirectoryUse(TargetDirectory* directory) noexcept : directory_(directory) {
    if (directory_ != nullptr) ++directory_->uses_;
  }
  DirectoryUse(const DirectoryUse& other) noexcept : DirectoryUse(other.directory_) {}
  DirectoryUse(DirectoryUse&& other) noexcept : directory_(std::exchange(other.directory_, nullptr)) {}
  DirectoryUse& operator=(DirectoryUse other) noexcept {
    std::swap(directory_, other.directory_);
    return *this;
  }
  ~DirectoryUse();

  TargetDirectory& operator*() const noexcept { return *directory_; }
  TargetDirectory* operator->() const noexcept { return directory_; }

 private:
  TargetDirectory* directory_ = nullptr;
};

/// Where an object of the archive goes.
struct TargetPlace {
  DirectoryUse directory;
  std::string name;
  bool in_order = true;  ///< No entry before it can have had the same path.

  /// As the index has it.
  std::string path() const;
};

}  // namespace osbackup::restore
