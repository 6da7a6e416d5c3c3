#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "archive/entry.hpp"

namespace osbackup::restore {

/// What an archive says of an object besides its path and its content.
struct ObjectMetadata {
  archive::EntryType type = archive::EntryType::File;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  timespec mtime{};
  std::uint64_t links = 1;
  std::string flags;
  std::vector<archive::Attribute> attributes;

  ObjectMetadata() = default;
  explicit ObjectMetadata(const archive::Entry& entry)
      : type(entry.type),
        mode(entry.mode),
        uid(entry.uid),
        gid(entry.gid),
        mtime(entry.mtime),
        links(entry.links),
        flags(entry.flags),
        attributes(entry.attributes) {}
};

/// An object of the target, held by a descriptor.
struct HeldObject {
  int descriptor = -1;
  bool is_path_only = false;          ///< Opened with O_PATH: a link, a FIFO, a device.
  bool may_have_acl = false;          ///< It was there before, or its directory gives ACLs to what is made in it.
  struct stat status {};              ///< As it is.
  std::function<std::string()> path;  ///< As the index has it; asked for when there is something to say.
};

}  // namespace osbackup::restore
