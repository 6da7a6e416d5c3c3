#include "backup/metadata_reader.hpp"

#include <fmt/format.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "archive/tar_attributes.hpp"
#include "backup/object_opener.hpp"
#include "core/encoding.hpp"
#include "system/inode_flags.hpp"

namespace osbackup::backup {
namespace {

/// Linux lets a list of names and a value have 64 KiB each.
constexpr std::size_t kNamesBytes = 1U << 16U;
constexpr std::size_t kValueBytes = 1U << 16U;

archive::EntryType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return archive::EntryType::Directory;
    case S_IFLNK:
      return archive::EntryType::Symlink;
    case S_IFIFO:
      return archive::EntryType::Fifo;
    case S_IFCHR:
      return archive::EntryType::CharacterDevice;
    case S_IFBLK:
      return archive::EntryType::BlockDevice;
    default:
      return archive::EntryType::File;
  }
}

}  // namespace

void MetadataReader::describe(const std::string& path, const struct stat& status, archive::Entry& entry) {
  entry.path = path;
  entry.type = type_of(status.st_mode);
  entry.mode = status.st_mode & 07777U;
  entry.uid = status.st_uid;
  entry.gid = status.st_gid;
  if (!knows_user_ || user_id_ != status.st_uid) {
    user_ = owners_.user(status.st_uid);
    user_id_ = status.st_uid;
    knows_user_ = true;
  }
  if (!knows_group_ || group_id_ != status.st_gid) {
    group_ = owners_.group(status.st_gid);
    group_id_ = status.st_gid;
    knows_group_ = true;
  }
  entry.user = user_;
  entry.group = group_;
  entry.size = entry.type == archive::EntryType::File ? static_cast<std::uint64_t>(status.st_size) : 0;
  entry.mtime = status.st_mtim;
  entry.ctime = status.st_ctim;
  entry.device = status.st_dev;
  entry.inode = status.st_ino;
  entry.links = status.st_nlink;
  const bool is_device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
  entry.device_major = is_device ? major(status.st_rdev) : 0;
  entry.device_minor = is_device ? minor(status.st_rdev) : 0;
  entry.target.clear();
  entry.flags.clear();
  entry.attributes.clear();
  entry.sparse = false;
  entry.extents.clear();
}

void MetadataReader::read_attributes(int descriptor, archive::Entry& entry) {
  read_all([&](char* names, std::size_t size) { return flistxattr(descriptor, names, size); },
           [&](const char* name, char* value, std::size_t size) { return fgetxattr(descriptor, name, value, size); },
           entry);
  entry.flags = system::inode_flags(descriptor);
}

void MetadataReader::read_attributes_by_name(const ScannedObject& object, archive::Entry& entry) {
  // There are no calls for these that begin at a directory's descriptor, but the kernel gives it a path.
  const std::string path =
      object.parent ? fmt::format("/proc/self/fd/{}/{}", object.parent->descriptor.get(), object.name) : object.name;
  read_all([&](char* names, std::size_t size) { return llistxattr(path.c_str(), names, size); },
           [&](const char* name, char* value, std::size_t size) { return lgetxattr(path.c_str(), name, value, size); },
           entry);
}

template <class List, class Get>
void MetadataReader::read_all(List list, Get get, archive::Entry& entry) {
  names_.resize(kNamesBytes);
  const ssize_t length = list(names_.data(), names_.size());
  if (length == 0 || (length < 0 && errno == EOPNOTSUPP)) return;
  if (length < 0) {
    // A name that vanished meanwhile is still stored with what is known of it.
    if (errno != ENOENT) warn(entry, "its extended attributes cannot be listed: " + last_problem());
    return;
  }
  value_.resize(kValueBytes);
  for (const char* name = names_.data(); name < names_.data() + length; name += std::strlen(name) + 1) {
    const ssize_t bytes = get(name, value_.data(), value_.size());
    if (bytes < 0) {
      if (errno != ENODATA && errno != ENOENT)
        warn(entry, fmt::format("its extended attribute {} cannot be read: {}", printable(name), last_problem()));
      continue;
    }
    entry.attributes.push_back({.name = name, .value = std::string(value_.data(), static_cast<std::size_t>(bytes))});
  }
  std::sort(entry.attributes.begin(), entry.attributes.end(),
            [](const archive::Attribute& left, const archive::Attribute& right) { return left.name < right.name; });
  for (const std::string& name : archive::remove_unstorable_attributes(entry))
    warn(entry, fmt::format("its extended attribute {} has a form or a size that tar cannot hold", printable(name)));
}

void MetadataReader::warn(const archive::Entry& entry, const std::string& reason) {
  warnings_.add({.kind = WarningKind::Note, .path = absolute_path(entry.path), .reason = reason});
}

}  // namespace osbackup::backup
