#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>

#include "archive/entry.hpp"
#include "restore/exact_names.hpp"
#include "system/beneath.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::restore {

/// What the target has where an object of the archive goes.
struct Sight {
  enum class Kind {
    Nothing,
    Object,
    OtherName,   ///< An object whose name differs in case or encoding, which the file system takes for the same.
    BehindLink,  ///< On the way to it is a link.
    BehindFile,  ///< On the way to it is something that is neither a link nor a directory.
  };

  Kind kind = Kind::Nothing;
  struct stat status {};  ///< Of an object.
};

/// Looks at a target without changing it, without following a link, and without opening anything but directories. What
/// is asked in the archive's order costs one call an object, and a few a directory. One thread at a time.
class TargetLook {
 public:
  /// The target outlives it.
  explicit TargetLook(const system::Beneath& target) : target_(target) {}

  /// Throws when what is there cannot be looked at.
  Sight at(const std::string& path);

  /// Whether what at() just saw is as the archive has it, judged by type, size and time of modification; of a link by
  /// its target, of a device by its number. Directories and hard links never are.
  bool is_unchanged(const archive::Entry& entry, const Sight& sight) const;

  /// Whether what at() just saw is a directory with something in it.
  bool is_full_directory(const Sight& sight) const;

 private:
  void go_to(std::string_view directory);

  const system::Beneath& target_;
  bool is_somewhere_ = false;
  std::string path_;                  ///< Of the directory that was looked into last.
  system::FileDescriptor directory_;  ///< It, if it could be opened.
  int problem_ = 0;                   ///< errno's value, if it could not.
  std::unique_ptr<ExactNames> names_;
  std::string name_;  ///< What was looked at last.
};

}  // namespace osbackup::restore
