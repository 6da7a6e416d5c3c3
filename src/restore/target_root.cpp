#include "restore/target_root.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/made_time.hpp"
#include "restore/temporary_names.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {
namespace {

using system::FileDescriptor;
using system::system_error;

constexpr int kOpenTarget = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kProbeMode = 0600;

std::string shown(const SinkOptions& options) { return printable(options.target.native()); }

/// The open target; none when it is not there.
FileDescriptor open_existing(const SinkOptions& options) {
  if (options.target.empty())
    throw Error(ErrorKind::Usage, "no target: name a directory to restore into, or / to restore in place");
  FileDescriptor target(open(options.target.c_str(), kOpenTarget));
  if (target) return target;
  if (errno == ENOENT) {
    struct stat link {};
    if (lstat(options.target.c_str(), &link) != 0) return target;
    throw Error(ErrorKind::Usage,
                "the target " + shown(options) +
                    " is a link to what is not there: make that, or name a directory to restore into");
  }
  if (errno != ENOTDIR) throw system_error("open the target " + shown(options));
  throw Error(ErrorKind::Usage,
              "the target " + shown(options) + " is a file, or lies below one: name a directory to restore into");
}

/// A file that was just made in the target, and is gone when it is closed.
FileDescriptor make_probe(const FileDescriptor& target) {
  FileDescriptor probe(openat(target.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kProbeMode));
  // Not every file system has files without a name.
  if (probe || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return probe;
  const std::string name = TemporaryNames().next();
  probe = FileDescriptor(
      openat(target.get(), name.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, kProbeMode));
  if (probe) unlinkat(target.get(), name.c_str(), 0);
  return probe;
}

}  // namespace

TargetRoot open_target(const SinkOptions& options) {
  FileDescriptor target = open_existing(options);
  const bool is_made = !target;
  if (is_made) {
    try {
      system::make_directories(options.target);
    } catch (const Error& error) {
      throw error.within("make the target " + shown(options));
    }
    target = open_existing(options);
    if (!target) throw system_error("open the target " + shown(options), ENOENT);
  }
  const FileDescriptor probe = make_probe(target);
  if (!probe) throw system_error("write to the target " + shown(options));
  const std::optional<timespec> started = made_time(probe.get(), "");
  return {.beneath = system::Beneath(std::move(target), options.walk), .started = started, .is_made = is_made};
}

std::vector<std::filesystem::path> missing_directories(const std::filesystem::path& target) {
  std::vector<std::filesystem::path> missing;
  // As make_directories() takes it.
  std::filesystem::path path = (target / "").lexically_normal().parent_path();
  for (; !path.empty() && !system::exists(path); path = path.parent_path()) missing.push_back(path);
  return missing;
}

void remove_empty(const std::vector<std::filesystem::path>& directories) noexcept {
  for (const std::filesystem::path& directory : directories)
    if (rmdir(directory.c_str()) != 0) return;
}

std::optional<system::Beneath> find_target(const SinkOptions& options) {
  FileDescriptor target = open_existing(options);
  if (!target) return std::nullopt;
  return system::Beneath(std::move(target), options.walk);
}

}  // namespace osbackup::restore
