#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backup/name_list.hpp"
#include "backup/name_spill.hpp"
#include "backup/warning_log.hpp"
#include "core/path_pattern.hpp"
#include "system/directory_reader.hpp"
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
  PathPatterns exclude;          ///< What matches is left out; a configured directory itself never is.
  bool one_file_system = false;  ///< What is mounted below is not entered.
  bool network_mounts = false;   ///< Network and FUSE file systems are entered like local ones.
  /// Paths as the index has them: of what lies below a configured directory, only these are looked at, the directories
  /// on the way to them, and all below them. Empty: everything.
  std::vector<std::string> only = {};
  bool exclude_caches = false;  ///< Of a directory that a CACHEDIR.TAG marks as a cache only the tag is kept.
  /// Where names lie that memory has no room for, in a file without a name.
  std::filesystem::path spill_directory = "/tmp";

  /// Whether `only` lets a path be looked at.
  bool is_wanted(const std::string& path) const;
};

/// What a scan holds at a time; more goes to the spill, or is opened again.
struct ScanLimits {
  std::size_t open_levels = 100;             ///< Directories on the way down that stay open; at least 2.
  std::size_t names_bytes = 16ULL << 20ULL;  ///< Names in memory, of all directories on the way down.
};

/// A directory that is held open, so that what lies in it is found again whatever happens to the path above it.
/// Immutable, thread-safe.
struct OpenDirectory {
  system::FileDescriptor descriptor;
};

/// One object that goes into the archive.
struct ScannedObject {
  std::string path;  ///< Relative to `/`, raw bytes: `etc/passwd`; the root itself is `.`.
  struct stat status {};
  std::shared_ptr<const OpenDirectory> parent;  ///< Where `name` lies; nothing when `name` is an absolute path.
  std::string name;
  std::shared_ptr<const OpenDirectory> self;  ///< Of a directory that is entered.
};

/// Walks one configured directory in the archive's order (docs/format.md, "Order"), and finds what belongs to it.
///
/// A configured directory that is a symbolic link is followed, and recorded as both: the link, and the tree it leads to
/// under its own path. Which mounts below are entered is told by the rules; virtual file systems never are. Sockets,
/// what cannot be read, and mounts that are not entered go to the warnings; what is excluded is counted. Trees may be
/// of any depth and directories of any size: neither takes more descriptors or memory for names than the limits say.
/// One thread at a time.
class Scanner {
 public:
  /// `directory` is a normalised absolute path. Throws NotFound when it is not there or not a directory.
  Scanner(const std::string& directory, const SelectionRules& rules, WarningLog& warnings, ScanLimits limits = {});
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  /// The next object in order; nothing at the end. NoSpace when there is no room for a large directory's names.
  std::optional<ScannedObject> next();

  /// The path, relative to `/`, of the directory that is walked: the link's target when it is a link.
  const std::string& root() const noexcept { return root_; }

  /// How many objects were left out by patterns or as a cache's content so far; what lies below them is not counted.
  std::uint64_t excluded() const noexcept { return excluded_; }

 private:
  using Directory = std::shared_ptr<const OpenDirectory>;

  /// One directory on the way down.
  struct Level {
    Directory directory;  ///< Nothing while it is closed, since too many lie below it.
    ObjectIdentity identity;
    std::size_t prefix_bytes = 0;  ///< How much of `prefix_` its entries' paths begin with.
    PathPatterns::Place place;
    NameList names;
    std::size_t names_bytes = 0;  ///< What `names` took in memory when it was last counted.
  };

  void open_root(const std::string& directory);
  std::optional<ScannedObject> look_at(const Level& level, const char* name);
  bool is_entered(const ScannedObject& object, dev_t parent_device);

  void enter(ScannedObject& object);
  Directory open(int parent, const ScannedObject& object);
  NameList read_names(const OpenDirectory& directory, const ScannedObject& object);
  PathPatterns::Place place_of(const ScannedObject& object) const;
  void count_names(Level& level);
  void keep_limits();

  void leave();
  void walk_down_again();
  void lose(const Level& level);
  void warn(WarningKind kind, const std::string& path, const std::string& reason);

  const SelectionRules& rules_;
  WarningLog& warnings_;
  ScanLimits limits_;
  std::string root_;
  std::vector<ScannedObject> first_;  ///< The root, and the link to it, in reverse order.
  std::uint64_t excluded_ = 0;

  system::DirectoryReader reader_;
  NameSpill spill_;
  std::string prefix_;  ///< What the paths of the deepest level's entries begin with: `etc/ssl/`.
  std::vector<Level> levels_;
  std::size_t names_bytes_ = 0;    ///< The sum of the levels'.
  std::size_t shrunk_levels_ = 0;  ///< The uppermost so many levels' names are in the spill.
};

}  // namespace osbackup::backup
