#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backup/warning_log.hpp"
#include "system/file_descriptor.hpp"
#include "system/mount_table.hpp"

namespace osbackup::backup {

/// A file-system object by device and inode number.
using ObjectIdentity = std::pair<dev_t, ino_t>;

/// What is selected, the same for every engine. Immutable while it is used.
struct SelectionRules {
  system::MountTable mounts{""};
  /// Directories that never back themselves up: they and what lies in them are passed over (the work directory).
  std::set<ObjectIdentity> never;
};

/// One object that goes into the archive.
struct ScannedObject {
  std::string path;  ///< Relative to `/`, raw bytes: `etc/passwd`; the root itself is `.`.
  struct stat status {};
};

/// Walks one configured directory in the archive's order (docs/format.md, "Order"), and finds what belongs to it.
///
/// A configured directory that is a symbolic link is followed, and recorded as both: the link, and the tree it leads to
/// under its own path. Local file systems mounted below are entered; virtual, network and FUSE ones are not. Sockets,
/// what cannot be read, and mounts that are not entered go to the warnings. One thread at a time.
class Scanner {
 public:
  /// `directory` is a normalised absolute path. Throws NotFound when it is not there or not a directory.
  Scanner(const std::string& directory, const SelectionRules& rules, WarningLog& warnings);

  /// The next object in order; nothing at the end.
  std::optional<ScannedObject> next();

  /// The path, relative to `/`, of the directory that is walked: the link's target when it is a link.
  const std::string& root() const noexcept { return root_; }

 private:
  /// The sorted names of one directory, packed: a directory of a million files takes little more than its names.
  class Names {
   public:
    void add(const char* name);
    void sort();
    bool at_end() const noexcept { return next_ == offsets_.size(); }
    const char* take() { return &text_[offsets_[next_++]]; }

   private:
    std::string text_;
    std::vector<std::size_t> offsets_;
    std::size_t next_ = 0;
  };

  /// One directory on the way down.
  struct Level {
    system::FileDescriptor descriptor;
    std::string prefix;  ///< What its entries' paths begin with: `etc/ssl/`.
    dev_t device = 0;
    Names names;
  };

  void open_root(const std::string& directory);
  void enter(int parent, const char* name, const ScannedObject& object);
  std::optional<ScannedObject> look_at(const Level& level, const char* name);
  bool is_entered(const ScannedObject& object, dev_t parent_device);
  void warn(WarningKind kind, const std::string& path, const std::string& reason);

  const SelectionRules& rules_;
  WarningLog& warnings_;
  std::string root_;
  std::vector<Level> levels_;
  std::vector<ScannedObject> first_;  ///< The root, and the link to it, in reverse order.
};

}  // namespace osbackup::backup
