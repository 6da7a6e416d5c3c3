#include "restore/deferred_metadata.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "restore/entry_path.hpp"
#include "restore/metadata_writer.hpp"
#include "system/inode_flags.hpp"

namespace osbackup::restore {
namespace {

using system::FileDescriptor;

constexpr int kOpenObject = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

bool is_same(const DeferredMetadata::Object& object, const struct stat& status) {
  return status.st_dev == object.device && status.st_ino == object.inode &&
         (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

/// The object, if it is still what it was; else none, and errno.
FileDescriptor open_same(const system::Beneath& target, const DeferredMetadata::Object& object) {
  const FileDescriptor directory = target.open_directory(parent_of(object.path), O_PATH);
  if (!directory) return {};
  const std::string name(name_in(object.path));
  struct stat status {};
  // Looked at before it is opened: opening a device that somebody put there would do something.
  if (fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (is_same(object, status)) {
    FileDescriptor opened(openat(directory.get(), name.c_str(), kOpenObject));
    if (!opened || (fstat(opened.get(), &status) == 0 && is_same(object, status))) return opened;
  }
  errno = ESTALE;
  return {};
}

/// errno's value, or 0.
int problem_of(int result) { return result == 0 ? 0 : errno; }

void set(const DeferredMetadata::Object& object, const system::Beneath& target, TroubleLog& log) {
  const FileDescriptor opened = open_same(target, object);
  const int unopened = opened ? 0 : errno;
  const auto note = [&](const std::string& what, int problem) {
    if (problem != 0) log.add_not_set(what, object.path, std::generic_category().message(problem));
  };
  if (object.mode) note(kModeName, opened ? problem_of(fchmod(opened.get(), *object.mode)) : unopened);
  if (object.mtime) {
    const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, *object.mtime};
    note(kTimeName, opened ? problem_of(futimens(opened.get(), times)) : unopened);
  }
  std::vector<system::UnsetFlag> unset;
  if (opened)
    unset = system::set_inode_flags(opened.get(), object.letters);
  else
    for (const char letter : object.letters) unset.push_back({.letter = letter, .problem = unopened});
  for (const system::UnsetFlag& flag : unset) note(name_of_flag(flag.letter), flag.problem);
}

}  // namespace

bool DeferredMetadata::add(Object object) {
  const std::scoped_lock lock(mutex_);
  const std::size_t bytes = sizeof(Object) + object.path.size();
  if (bytes > kBytesMax - bytes_) return false;
  bytes_ += bytes;
  objects_.push_back(std::move(object));
  return true;
}

void DeferredMetadata::apply(const system::Beneath& target, TroubleLog& log) {
  const std::scoped_lock lock(mutex_);
  for (const Object& object : objects_) set(object, target, log);
  objects_.clear();
  bytes_ = 0;
}

}  // namespace osbackup::restore
