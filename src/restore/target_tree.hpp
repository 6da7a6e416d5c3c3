#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "restore/metadata_writer.hpp"
#include "restore/replacements.hpp"
#include "restore/target_directory.hpp"
#include "restore/target_root.hpp"

namespace osbackup::restore {

/// What a tree is used with; all of it outlives it.
struct TreeParts {
  const TargetRoot& root;
  Replacements& replacements;
  MetadataWriter& metadata;
  TroubleLog& log;
};

/// The directories of the target on the way to the objects that are being restored.
///
/// Directories are opened one from another, a name at a time, and no link is followed. They are made for their owner
/// alone, and get what the archive says of them when the last user lets go of them and all below. What one took the
/// place of goes then, or gets its name back, when neither the directory nor anything below it could be restored. Trees
/// may be of any depth: a bounded number of directories is open, the others are opened again from the target on, and
/// have to be those that they were.
class TargetTree {
 public:
  /// `open_max`: how many stay open, besides those in use.
  TargetTree(const TreeParts& parts, std::size_t open_max);
  TargetTree(const TargetTree&) = delete;
  TargetTree& operator=(const TargetTree&) = delete;
  ~TargetTree();

  /// The directory that an entry lies in, made with what is missing above it. Refused when the way leads over a link,
  /// or to a directory under another name. `in_order`: no entry before can have had the same path. This and
  /// make_directory() are called by one thread at a time.
  DirectoryUse directory_above(std::string_view path, bool in_order);

  /// The directory of an entry, made if it is missing.
  DirectoryUse make_directory(std::string_view path, bool in_order);

  /// A directory's descriptor. Refused when something else is in its place. Thread-safe.
  SharedDescriptor open(TargetDirectory& directory);

  /// What is to be written to a directory in the end. Thread-safe.
  void set_metadata(TargetDirectory& directory, ObjectMetadata metadata);

  /// A directory that its entry was given up for: if this run made it and it is empty, it is removed in the end.
  /// Thread-safe.
  void give_up(TargetDirectory& directory);

  /// No more objects come: lets go of the directories on the way.
  void leave() noexcept;

 private:
  friend class DirectoryUse;

  struct Level {
    DirectoryUse directory;
    std::size_t path_bytes = 0;  ///< How much of `walk_` is its path.
  };
  /// For what a directory is entered.
  struct Arrival {
    bool is_entry = false;  ///< Its own entry, or what lies below it.
    bool in_order = true;
  };
  struct Entered {
    system::FileDescriptor descriptor;
    bool is_made = false;
    std::string replaced = {};  ///< The name that what was there has now.
  };

  void go_up() noexcept;
  void go_down(std::string_view name, Arrival arrival);
  Entered enter(TargetDirectory& above, const std::string& name, Arrival arrival);
  Entered make_in_place_of(const TargetDirectory& above, const NamePlace& place, const std::string& replaced) const;
  static system::FileDescriptor open_made(const TargetDirectory& above, const NamePlace& place);
  void keep_open(TargetDirectory& directory, SharedDescriptor descriptor);
  SharedDescriptor find_open(TargetDirectory& directory, std::vector<TargetDirectory*>& closed);
  SharedDescriptor open_again(const TargetDirectory& directory, const SharedDescriptor& above) const;

  void let_go(TargetDirectory* directory) noexcept;
  void complete(TargetDirectory& directory) noexcept;
  void write_metadata(TargetDirectory& directory);
  bool is_for_nothing(const TargetDirectory& directory);
  void remove_or_keep(TargetDirectory& directory);
  void forget(TargetDirectory& directory) noexcept;

  TreeParts parts_;
  std::size_t open_max_;
  std::mutex mutex_;
  std::list<TargetDirectory*> open_;  ///< Those with a descriptor, the last used first; the target is not among them.
  std::string walk_;                  ///< The path of the deepest level.
  std::vector<Level> levels_;         ///< The target, and what is below it on the way.
};

}  // namespace osbackup::restore
