#pragma once

#include <sys/types.h>

#include <cstddef>
#include <ctime>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "restore/trouble_log.hpp"
#include "system/beneath.hpp"

namespace osbackup::restore {

/// What is set of objects when everything else is done, since it would be in the way of that. Thread-safe.
class DeferredMetadata {
 public:
  /// Memory that they take; beyond that they have to be set at once.
  static constexpr std::size_t kBytesMax = std::size_t{16} << 20U;

  /// A file or a directory, and what it gets.
  struct Object {
    std::string path;  ///< As the index has it.
    dev_t device = 0;
    ino_t inode = 0;
    std::optional<mode_t> mode{};
    std::optional<timespec> mtime{};
    std::string letters;  ///< Of its inode flags.
  };

  /// False when there is no room.
  bool add(Object object);

  /// Sets it all, of those that are still what they were, in the order in which they were added.
  void apply(const system::Beneath& target, TroubleLog& log);

 private:
  std::mutex mutex_;
  std::vector<Object> objects_;
  std::size_t bytes_ = 0;
};

}  // namespace osbackup::restore
