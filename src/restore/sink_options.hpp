#pragma once

#include <cstddef>
#include <filesystem>

#include "restore/done_object.hpp"
#include "system/beneath.hpp"

namespace osbackup::restore {

/// What happens to an object that is there already. Directories are entered whatever it says.
enum class Overwrite {
  Always,     ///< It is replaced.
  IfChanged,  ///< It is replaced when its type, its size, its time of modification or a link's target differs.
  Never,      ///< It stays, and so do owner, mode and times of a directory.
};

/// Where a restore goes, and how.
struct SinkOptions {
  std::filesystem::path target;  ///< A directory, to which links may lead; `/` restores in place.
  Overwrite overwrite = Overwrite::Always;
  /// Of two entries of one path the later one stays, as in a tar to which files were appended: an entry is then
  /// received when all before it are finished. Without it the first one stays, and the second is refused.
  bool later_replaces = false;
  system::PathWalk walk = system::best_path_walk();
  ObjectListener on_object = {};       ///< Hears what becomes of each object.
  std::size_t open_directories = 256;  ///< That stay open at a time, besides one for each thread; at least 1.
};

}  // namespace osbackup::restore
