#include "system/private_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/encoding.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::system {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kAttemptsMax = 8;
constexpr int kDepthMax = 1000;

std::string shown(const std::filesystem::path& path) { return printable(path.native()); }

bool is_ours(const FileDescriptor& directory) {
  struct stat status {};
  if (fstat(directory.get(), &status) != 0) throw system_error("look at a work directory");
  return status.st_uid == geteuid();
}

/// Others must not be able to rename what lies in `parent`: its owner is root or us, and it is sticky if others may
/// write.
void check_parent(const std::filesystem::path& parent) {
  const FileDescriptor handle = open_file(parent, {.flags = O_RDONLY | O_DIRECTORY});
  struct stat status {};
  if (fstat(handle.get(), &status) != 0) throw system_error("look at " + shown(parent));
  const bool trusted_owner = status.st_uid == 0 || status.st_uid == geteuid();
  const bool others_may_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (trusted_owner && (!others_may_write || (status.st_mode & S_ISVTX) != 0)) return;
  throw Error(ErrorKind::Denied,
              fmt::format("{} is not safe for a work directory: other users may rename what lies in it. Use a "
                          "directory of root's, or make it sticky with: chmod +t {}",
                          shown(parent), shown(parent)));
}

/// A directory that was there before may serve other things too, so its mode is not ours to change.
void check_mode(const FileDescriptor& directory, const std::filesystem::path& path) {
  struct stat status {};
  if (fstat(directory.get(), &status) != 0) throw system_error("look at " + shown(path));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (status.st_mode & S_ISVTX) != 0) return;
  throw Error(ErrorKind::Denied, fmt::format("{} is not safe for a work directory: other users may write to it. If "
                                             "nothing else uses it, mend it with: chmod 700 {}",
                                             shown(path), shown(path)));
}

std::filesystem::path rename_aside(const std::filesystem::path& path) {
  for (int number = 0; number < 10'000; ++number) {
    std::filesystem::path aside = path;
    aside += fmt::format(".not-ours-{}-{}", getpid(), number);
    struct stat status {};
    if (lstat(aside.c_str(), &status) == 0) continue;
    if (rename(path.c_str(), aside.c_str()) != 0) throw system_error("rename " + shown(path) + " aside");
    return aside;
  }
  throw Error(ErrorKind::Internal, "no free name to rename " + shown(path) + " to");
}

}  // namespace

PrivateDirectory PrivateDirectory::open(const std::filesystem::path& path) {
  PrivateDirectory result;
  result.path_ = (path / "").lexically_normal().parent_path();
  const std::filesystem::path parent = result.path_.parent_path();
  std::error_code unreadable;
  if (!std::filesystem::exists(parent, unreadable)) make_directories(parent);
  check_parent(parent);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const bool made = mkdir(result.path_.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) throw system_error("make directory " + shown(result.path_));
    FileDescriptor directory(::open(result.path_.c_str(), kOpenDirectory));
    if (directory && is_ours(directory)) {
      check_mode(directory, result.path_);
      result.descriptor_ = std::move(directory);
      return result;
    }
    // ELOOP: a link. ENOTDIR: a file. Both, and a directory of somebody else's, may be there to mislead us.
    if (!directory && errno != ELOOP && errno != ENOTDIR && errno != ENOENT && errno != EACCES)
      throw system_error("open " + shown(result.path_));
    struct stat status {};
    if (lstat(result.path_.c_str(), &status) == 0) result.set_aside_ = rename_aside(result.path_);
  }
  throw Error(ErrorKind::Denied, shown(result.path_) + " is replaced by others faster than it can be made");
}

namespace {

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { closedir(stream); }
};

/// Removes what can be removed in one directory; the subdirectories that are left go to `deeper`.
void remove_entries(int directory, std::vector<std::string>& deeper) noexcept {
  const int copy = openat(directory, ".", kOpenDirectory);
  if (copy < 0) return;
  const std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(copy));
  if (!stream) {
    ::close(copy);
    return;
  }
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name == "." || name == "..") continue;
    if (unlinkat(directory, entry->d_name, 0) == 0) continue;
    if (unlinkat(directory, entry->d_name, AT_REMOVEDIR) != 0) deeper.emplace_back(name);
  }
}

dev_t device_of(int directory) noexcept {
  struct stat status {};
  return fstat(directory, &status) == 0 ? status.st_dev : 0;
}

void remove_below(int directory, int depth) noexcept {
  if (depth > kDepthMax) return;
  std::vector<std::string> deeper;
  remove_entries(directory, deeper);
  for (const std::string& name : deeper) {
    const FileDescriptor child(openat(directory, name.c_str(), kOpenDirectory));
    // Another file system that is mounted there is not ours to empty.
    if (!child || device_of(child.get()) != device_of(directory)) continue;
    remove_below(child.get(), depth + 1);
    unlinkat(directory, name.c_str(), AT_REMOVEDIR);
  }
}

}  // namespace

void remove_tree(const FileDescriptor& parent, const std::string& name) noexcept {
  if (unlinkat(parent.get(), name.c_str(), 0) == 0) return;
  {
    const FileDescriptor directory(openat(parent.get(), name.c_str(), kOpenDirectory));
    if (!directory || device_of(directory.get()) != device_of(parent.get())) return;
    remove_below(directory.get(), 0);
  }
  unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR);
}

}  // namespace osbackup::system
