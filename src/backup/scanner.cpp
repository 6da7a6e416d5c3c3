#include "backup/scanner.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "core/encoding.hpp"
#include "core/path_order.hpp"
#include "system/system_error.hpp"

namespace osbackup::backup {
namespace {

using system::FileDescriptor;
using system::system_error;

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { closedir(stream); }
};

std::string reason_of(int code) { return std::generic_category().message(code); }

std::string relative_to_root(const std::string& directory) { return directory == "/" ? "." : directory.substr(1); }

/// Opens without touching the access time where that is allowed (EPERM: not the owner).
FileDescriptor open_directory(int parent, const char* name) {
  FileDescriptor directory(openat(parent, name, kOpenDirectory | O_NOATIME));
  if (!directory && errno == EPERM) directory = FileDescriptor(openat(parent, name, kOpenDirectory));
  return directory;
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) throw system_error("look at " + printable(path));
  return status;
}

}  // namespace

void Scanner::Names::add(const char* name) {
  offsets_.push_back(text_.size());
  text_.append(name, std::strlen(name) + 1);
}

void Scanner::Names::sort() {
  std::sort(offsets_.begin(), offsets_.end(),
            [this](std::size_t left, std::size_t right) { return std::strcmp(&text_[left], &text_[right]) < 0; });
}

Scanner::Scanner(const std::string& directory, const SelectionRules& rules, WarningLog& warnings)
    : rules_(rules), warnings_(warnings) {
  open_root(directory);
}

void Scanner::open_root(const std::string& directory) {
  ScannedObject configured{.path = relative_to_root(directory), .status = status_of(directory)};
  std::string real = directory;
  if (S_ISLNK(configured.status.st_mode)) {
    std::error_code problem;
    real = std::filesystem::canonical(directory, problem).string();
    if (problem) throw system_error("follow the link " + printable(directory), problem.value());
    first_.push_back(std::move(configured));
  }
  root_ = relative_to_root(real);
  ScannedObject root{.path = root_, .status = status_of(real)};
  if (!S_ISDIR(root.status.st_mode)) throw Error(ErrorKind::NotFound, printable(directory) + " is not a directory");
  const bool link_comes_first = !first_.empty() && precedes(first_.front().path, root_);
  first_.insert(link_comes_first ? first_.begin() : first_.end(), root);
  enter(AT_FDCWD, real.c_str(), root);
}

std::optional<ScannedObject> Scanner::next() {
  if (!first_.empty()) {
    ScannedObject object = std::move(first_.back());
    first_.pop_back();
    return object;
  }
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.names.at_end()) {
      levels_.pop_back();
      continue;
    }
    const char* name = level.names.take();
    std::optional<ScannedObject> object = look_at(level, name);
    if (!object) continue;
    // `level` is invalid once a deeper one is entered.
    if (S_ISDIR(object->status.st_mode) && is_entered(*object, level.device))
      enter(level.descriptor.get(), name, *object);
    return object;
  }
  return std::nullopt;
}

std::optional<ScannedObject> Scanner::look_at(const Level& level, const char* name) {
  ScannedObject object{.path = level.prefix + name, .status = {}};
  if (const system::Mount* mount = rules_.mounts.remote_at(object.path)) {
    warn(WarningKind::Note, object.path, fmt::format("a mounted {} file system, left out", mount->type));
    return std::nullopt;
  }
  if (fstatat(level.descriptor.get(), name, &object.status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
    warn(WarningKind::Missing, object.path,
         errno == ENOENT ? "vanished before it was read" : "cannot be looked at: " + reason_of(errno));
    return std::nullopt;
  }
  if (S_ISSOCK(object.status.st_mode)) {
    warn(WarningKind::Note, object.path, "a socket, which no archive can hold");
    return std::nullopt;
  }
  if (rules_.never.contains({object.status.st_dev, object.status.st_ino})) {
    warn(WarningKind::Note, object.path, "osbackup's own directory, not backed up");
    return std::nullopt;
  }
  return object;
}

bool Scanner::is_entered(const ScannedObject& object, dev_t parent_device) {
  if (object.status.st_dev == parent_device) return true;
  const system::Mount* mount = rules_.mounts.find(object.status.st_dev);
  if (mount == nullptr || mount->kind == system::MountKind::Local) return true;
  warn(WarningKind::Note, object.path, fmt::format("a mounted {} file system, not entered", mount->type));
  return false;
}

void Scanner::enter(int parent, const char* name, const ScannedObject& object) {
  FileDescriptor directory = open_directory(parent, name);
  struct stat status {};
  if (!directory || fstat(directory.get(), &status) != 0) {
    warn(WarningKind::Missing, object.path, "the directory cannot be read: " + reason_of(errno));
    return;
  }
  if (status.st_dev != object.status.st_dev || status.st_ino != object.status.st_ino) {
    warn(WarningKind::Missing, object.path, "the directory was replaced while it was looked at");
    return;
  }
  const int copy = dup(directory.get());
  const std::unique_ptr<DIR, CloseDirectory> stream(copy < 0 ? nullptr : fdopendir(copy));
  if (!stream) {
    if (copy >= 0) ::close(copy);
    warn(WarningKind::Missing, object.path, "the directory cannot be read: " + reason_of(errno));
    return;
  }
  Level level{.descriptor = std::move(directory),
              .prefix = object.path == "." ? "" : object.path + "/",
              .device = object.status.st_dev,
              .names = {}};
  errno = 0;
  while (const dirent* entry = readdir(stream.get())) {
    const char* entry_name = static_cast<const char*>(entry->d_name);
    if (std::strcmp(entry_name, ".") != 0 && std::strcmp(entry_name, "..") != 0) level.names.add(entry_name);
    errno = 0;
  }
  if (errno != 0)
    warn(WarningKind::Missing, object.path, "the directory cannot be read to its end: " + reason_of(errno));
  level.names.sort();
  levels_.push_back(std::move(level));
}

void Scanner::warn(WarningKind kind, const std::string& path, const std::string& reason) {
  warnings_.add({.kind = kind, .path = path == "." ? "/" : "/" + path, .reason = reason});
}

}  // namespace osbackup::backup
