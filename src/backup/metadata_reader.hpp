#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "archive/entry.hpp"
#include "backup/scanner.hpp"
#include "backup/warning_log.hpp"
#include "system/owner_names.hpp"

namespace osbackup::backup {

/// Says in an archive's terms what the kernel knows about an object: owners by name, extended attributes, inode flags.
/// One thread at a time.
class MetadataReader {
 public:
  MetadataReader(system::OwnerNames& owners, WarningLog& warnings) : owners_(owners), warnings_(warnings) {}

  /// Fills `entry` from a status; everything but content, link target, attributes and flags. `entry` may hold what
  /// another object left in it.
  void describe(const std::string& path, const struct stat& status, archive::Entry& entry);

  /// Adds attributes and flags of an open file or directory.
  void read_attributes(int descriptor, archive::Entry& entry);

  /// Adds the attributes of an object that is not opened: a link, a FIFO, a device, a directory that is not entered.
  void read_attributes_by_name(const ScannedObject& object, archive::Entry& entry);

 private:
  template <class List, class Get>
  void read_all(List list, Get get, archive::Entry& entry);
  void warn(const archive::Entry& entry, const std::string& reason);

  system::OwnerNames& owners_;
  WarningLog& warnings_;
  std::vector<char> names_;  ///< Of attributes, as the kernel lists them.
  std::vector<char> value_;  ///< Of one attribute.
  bool knows_user_ = false;  ///< Neighbours mostly have the same owners.
  bool knows_group_ = false;
  uid_t user_id_ = 0;
  gid_t group_id_ = 0;
  std::string user_;
  std::string group_;
};

}  // namespace osbackup::backup
