#include "restore/node_receiver.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/error.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using system::FileDescriptor;

/// What Linux has room for in a device's number; more would be cut, and mean another device.
constexpr std::uint32_t kMajorMax = (1U << 12U) - 1;
constexpr std::uint32_t kMinorMax = (1U << 20U) - 1;

mode_t kind_of(EntryType type) {
  switch (type) {
    case EntryType::Symlink:
      return S_IFLNK;
    case EntryType::Fifo:
      return S_IFIFO;
    case EntryType::CharacterDevice:
      return S_IFCHR;
    default:
      return S_IFBLK;
  }
}

bool is_device(EntryType type) { return type == EntryType::CharacterDevice || type == EntryType::BlockDevice; }

}  // namespace

void NodeReceiver::begin(const archive::Entry& entry) {
  metadata_ = ObjectMetadata(entry);
  target_ = entry.target;
  if (entry.type == EntryType::Symlink && target_.find('\0') != std::string::npos)
    throw Error(ErrorKind::Refused, "it is a link to a name that no file can have");
  if (!is_device(entry.type)) return;
  if (entry.device_major > kMajorMax || entry.device_minor > kMinorMax)
    throw Error(ErrorKind::Refused, fmt::format("{}:{} is no device's number", entry.device_major, entry.device_minor));
  device_ = makedev(entry.device_major, entry.device_minor);
}

void NodeReceiver::finish() {
  placement_.make([this](const NamePlace& place) { return make(place); });
  const SharedDescriptor directory = placement_.directory();
  const FileDescriptor node(openat(directory->get(), placement_.name().c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  HeldObject object{.descriptor = node.get(),
                    .is_path_only = true,
                    .may_have_acl = placement_.place().directory->gives_acl(),
                    .status = {},
                    .path = [this] { return placement_.place().path(); }};
  if (!node || fstat(node.get(), &object.status) != 0) throw system::system_error("cannot be looked at");
  const bool is_ours = (object.status.st_mode & S_IFMT) == kind_of(metadata_.type) && object.status.st_nlink == 1 &&
                       object.status.st_rdev == device_;
  if (!is_ours) throw Error(ErrorKind::Refused, "something else got its name while it was restored, and is kept");
  placement_.set_made(object.status);
  parts_.metadata.write(object, metadata_);
  placement_.publish();
  parts_.counter.add({.action = placement_.action(), .type = metadata_.type},
                     [this] { return placement_.place().path(); });
}

bool NodeReceiver::make(const NamePlace& place) const {
  if (metadata_.type == EntryType::Symlink) return symlinkat(target_.c_str(), place.directory, place.name) == 0;
  const mode_t mode = first_mode(*placement_.place().directory, metadata_);
  return mknodat(place.directory, place.name, kind_of(metadata_.type) | mode, device_) == 0;
}

}  // namespace osbackup::restore
