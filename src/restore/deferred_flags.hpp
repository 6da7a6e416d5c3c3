#pragma once

#include <sys/types.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "restore/trouble_log.hpp"
#include "system/beneath.hpp"

namespace osbackup::restore {

/// Inode flags of objects to which something is still to be done, until it is done. Thread-safe.
class DeferredFlags {
 public:
  /// Memory that they take; beyond that they have to be set at once.
  static constexpr std::size_t kBytesMax = std::size_t{16} << 20U;

  /// A file or a directory, and its flags.
  struct Object {
    std::string path;  ///< As the index has it.
    dev_t device = 0;
    ino_t inode = 0;
    std::string letters;
  };

  /// False when there is no room.
  bool add(Object object);

  /// Sets them all, of those that are still what they were, in the reverse order.
  void apply(const system::Beneath& target, TroubleLog& log);

 private:
  std::mutex mutex_;
  std::vector<Object> objects_;
  std::size_t bytes_ = 0;
};

}  // namespace osbackup::restore
