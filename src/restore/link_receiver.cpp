#include "restore/link_receiver.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/entry_path.hpp"
#include "restore/made_time.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {
namespace {

using system::FileDescriptor;

[[noreturn]] void fail(const std::string& target) {
  const std::string shown = printable(target);
  if (errno == ELOOP)
    throw Error(ErrorKind::Refused, fmt::format("the way to what it links to, {}, leads over a link", shown));
  if (errno == ENOENT || errno == ENOTDIR)
    throw Error(ErrorKind::NotFound, fmt::format("what it links to, {}, is not in the target", shown));
  throw system::system_error(fmt::format("what it links to, {}, cannot be looked at", shown));
}

}  // namespace

Error links_to_another(const std::string& target) {
  return {ErrorKind::Exists, fmt::format("what it links to, {}, is in the target and not what the archive has: restore "
                                         "this path by itself to get its content",
                                         printable(target))};
}

void LinkReceiver::finish() {
  const FileDescriptor from = parts_.target.open_directory(parent_of(target_), O_PATH);
  if (!from) fail(target_);
  const std::string from_name(name_in(target_));
  struct stat linked {};
  if (fstatat(from.get(), from_name.c_str(), &linked, AT_SYMLINK_NOFOLLOW) != 0) fail(target_);
  if (S_ISDIR(linked.st_mode))
    throw Error(ErrorKind::Refused, fmt::format("what it links to, {}, is a directory", printable(target_)));
  if (!is_kept_time(linked.st_mtim, mtime_) &&
      !parts_.replacements.is_made_since_start({.directory = from.get(), .name = from_name.c_str()}))
    throw links_to_another(target_);
  const auto path = [this] { return placement_.place().path(); };
  const SharedDescriptor directory = placement_.directory();
  const std::optional<struct stat> there =
      look_at({.directory = directory->get(), .name = placement_.place().name.c_str()});
  if (there && there->st_dev == linked.st_dev && there->st_ino == linked.st_ino) {
    parts_.counter.add({.action = ObjectAction::Unchanged, .type = archive::EntryType::Hardlink}, path);
    return;
  }
  // Never AT_SYMLINK_FOLLOW: a link that has several names is linked itself.
  placement_.make([&](const NamePlace& place) {
    if (linkat(from.get(), from_name.c_str(), place.directory, place.name, 0) == 0) return true;
    if (errno != EXDEV && errno != EMLINK) return false;
    const char* const reason =
        errno == EXDEV ? "lies on another file system" : "has as many names as its file system allows";
    throw Error(ErrorKind::Denied,
                fmt::format("what it links to, {}, {}: restore this path by itself, or both into another target",
                            printable(target_), reason));
  });
  placement_.set_made(linked);
  placement_.publish();
  parts_.counter.add({.action = placement_.action(), .type = archive::EntryType::Hardlink}, path);
}

}  // namespace osbackup::restore
