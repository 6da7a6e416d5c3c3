#include "backup/object_opener.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace osbackup::backup {
namespace {

constexpr int kOpenFile = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr std::size_t kTargetBytesMax = 1U << 20U;

int directory_of(const ScannedObject& object) { return object.parent ? object.parent->descriptor.get() : AT_FDCWD; }

OpenedFile failed(std::string problem) { return {.descriptor = {}, .status = {}, .problem = std::move(problem)}; }

}  // namespace

std::string last_problem() { return std::generic_category().message(errno); }

std::string absolute_path(const std::string& path) { return path == "." ? "/" : "/" + path; }

std::string relative_path(const std::string& path) { return path == "/" ? "." : path.substr(1); }

OpenedFile open_planned(const ScannedObject& object) {
  OpenedFile opened;
  const int directory = directory_of(object);
  int descriptor = openat(directory, object.name.c_str(), kOpenFile | O_NOATIME);
  // Only the owner and root may leave the access time alone.
  if (descriptor < 0 && errno == EPERM) descriptor = openat(directory, object.name.c_str(), kOpenFile);
  opened.descriptor = system::FileDescriptor(descriptor);
  if (descriptor < 0) {
    if (errno == ENOENT) return failed("vanished before it was read");
    if (errno == ELOOP) return failed("was replaced by a link before it was read");
    return failed("cannot be opened: " + last_problem());
  }
  if (fstat(descriptor, &opened.status) != 0) return failed("cannot be looked at: " + last_problem());
  const bool is_planned = S_ISREG(opened.status.st_mode) && opened.status.st_dev == object.status.st_dev &&
                          opened.status.st_ino == object.status.st_ino;
  if (!is_planned) return failed("was replaced before it was read");
  return opened;
}

std::optional<std::string> link_target(const ScannedObject& object) {
  // The size is a hint only: some file systems say 0.
  std::vector<char> buffer(static_cast<std::size_t>(std::clamp<off_t>(object.status.st_size, 255, 65535)) + 1);
  for (;;) {
    const ssize_t length = readlinkat(directory_of(object), object.name.c_str(), buffer.data(), buffer.size());
    if (length < 0) return std::nullopt;
    if (length == 0) {
      // Linux makes no such link; a damaged or a remote file system may have one, which no tar can hold.
      errno = ENODATA;
      return std::nullopt;
    }
    if (static_cast<std::size_t>(length) < buffer.size() || buffer.size() >= kTargetBytesMax)
      return std::string(buffer.data(), static_cast<std::size_t>(length));
    buffer.resize(buffer.size() * 2);
  }
}

}  // namespace osbackup::backup
