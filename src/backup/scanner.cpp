#include "backup/scanner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "archive/index_path.hpp"
#include "backup/cache_tag.hpp"
#include "backup/object_opener.hpp"
#include "core/counted.hpp"
#include "core/encoding.hpp"
#include "core/path_order.hpp"
#include "system/system_error.hpp"

namespace osbackup::backup {
namespace {

using system::FileDescriptor;
using system::system_error;

/// Names that take less stay in memory: the bookkeeping would take as much.
constexpr std::size_t kWorthShrinkingBytes = 4096;

std::string reason_of(int code) { return std::generic_category().message(code); }

ScannedObject object_at(const std::string& path) {
  ScannedObject object{.path = relative_path(path), .status = {}, .parent = {}, .name = path, .self = {}};
  if (lstat(path.c_str(), &object.status) != 0) throw system_error("look at " + printable(path));
  return object;
}

ObjectIdentity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

/// Opens a directory if it is still the one that was there; nothing otherwise.
std::shared_ptr<const OpenDirectory> open_same(int parent, const char* name, const ObjectIdentity& identity) {
  FileDescriptor directory = system::open_directory_at(parent, name);
  struct stat status {};
  if (!directory || fstat(directory.get(), &status) != 0 || identity_of(status) != identity) return nullptr;
  return std::make_shared<const OpenDirectory>(OpenDirectory{std::move(directory)});
}

}  // namespace

bool SelectionRules::is_wanted(const std::string& path) const {
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& wanted) {
           return archive::lies_in(path, wanted) || archive::lies_in(wanted, path);
         });
}

Scanner::Scanner(const std::string& directory, const SelectionRules& rules, WarningLog& warnings, ScanLimits limits)
    : rules_(rules), warnings_(warnings), limits_(limits), spill_(rules.spill_directory) {
  assert(limits_.open_levels >= 2);
  open_root(directory);
}

void Scanner::open_root(const std::string& directory) {
  ScannedObject configured = object_at(directory);
  std::string real = directory;
  if (S_ISLNK(configured.status.st_mode)) {
    std::error_code problem;
    real = std::filesystem::canonical(directory, problem).string();
    if (problem) throw system_error("follow the link " + printable(directory), problem.value());
    first_.push_back(std::move(configured));
  }
  root_ = relative_path(real);
  ScannedObject root = object_at(real);
  if (!S_ISDIR(root.status.st_mode))
    throw Error(ErrorKind::NotFound, printable(directory) +
                                         " is not a directory: name the directory that holds it, or take it out of "
                                         "[BackupDirs] directory");
  enter(root);
  const bool link_comes_first = !first_.empty() && precedes(first_.front().path, root_);
  first_.insert(link_comes_first ? first_.begin() : first_.end(), std::move(root));
}

std::optional<ScannedObject> Scanner::next() {
  if (!first_.empty()) {
    ScannedObject object = std::move(first_.back());
    first_.pop_back();
    return object;
  }
  while (!levels_.empty()) {
    Level& level = levels_.back();
    const char* name = level.names.take();
    if (name == nullptr) {
      leave();
      continue;
    }
    std::optional<ScannedObject> object = look_at(level, name);
    if (object && S_ISDIR(object->status.st_mode) && is_entered(*object, level.identity.first)) enter(*object);
    if (object) return object;
  }
  return std::nullopt;
}

std::optional<ScannedObject> Scanner::look_at(const Level& level, const char* name) {
  const PatternMatch match = rules_.exclude.match(level.place, name);
  // Before it is looked at: that may be what the pattern is to avoid.
  if (match == PatternMatch::Any) {
    ++excluded_;
    return std::nullopt;
  }
  std::optional<ScannedObject> object(std::in_place);
  object->name = name;
  object->path.reserve(prefix_.size() + object->name.size());
  object->path.append(prefix_).append(object->name);
  if (!rules_.is_wanted(object->path)) return std::nullopt;
  const system::Mount* remote = rules_.network_mounts ? nullptr : rules_.mounts.remote_at(object->path);
  if (remote == nullptr &&
      fstatat(level.directory->descriptor.get(), name, &object->status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
    warn(WarningKind::Missing, object->path,
         errno == ENOENT ? "vanished before it was read" : "cannot be looked at: " + reason_of(errno));
    return std::nullopt;
  }
  if (match == PatternMatch::Directory && (remote != nullptr || S_ISDIR(object->status.st_mode))) {
    ++excluded_;
    return std::nullopt;
  }
  if (remote != nullptr) {
    warn(WarningKind::Note, object->path, fmt::format("a mounted {} file system, left out", remote->type));
    return std::nullopt;
  }
  if (S_ISSOCK(object->status.st_mode)) {
    warn(WarningKind::Note, object->path, "a socket, which no archive can hold");
    return std::nullopt;
  }
  if (rules_.never.contains(identity_of(object->status))) {
    warn(WarningKind::Note, object->path, "osbackup's own directory, not backed up");
    return std::nullopt;
  }
  object->parent = level.directory;
  return object;
}

/// Asked of directories alone: overlayfs gives files the device numbers of the layers that they come from.
bool Scanner::is_entered(const ScannedObject& object, dev_t parent_device) {
  if (object.status.st_dev == parent_device) return true;
  const system::Mount* mount = rules_.mounts.find(object.status.st_dev);
  const system::MountKind kind = mount == nullptr ? system::MountKind::Local : mount->kind;
  const bool is_wanted =
      kind == system::MountKind::Local || (rules_.network_mounts && kind != system::MountKind::Virtual);
  if (is_wanted && !rules_.one_file_system) return true;
  const std::string what =
      mount == nullptr ? "a file system of its own" : fmt::format("a mounted {} file system", mount->type);
  warn(WarningKind::Note, object.path, what + ", not entered" + (is_wanted ? " (one_file_system = on)" : ""));
  return false;
}

void Scanner::enter(ScannedObject& object) {
  const bool is_root = levels_.empty();
  Directory directory = open(is_root ? AT_FDCWD : levels_.back().directory->descriptor.get(), object);
  if (!directory) return;
  NameList names = read_names(*directory, object);
  PathPatterns::Place place = place_of(object);
  if (is_root)
    prefix_ = root_ == "." ? "" : root_ + "/";
  else
    prefix_.append(object.name).push_back('/');
  if (!is_root) count_names(levels_.back());
  object.self = directory;
  levels_.push_back({.directory = std::move(directory),
                     .identity = identity_of(object.status),
                     .prefix_bytes = prefix_.size(),
                     .place = std::move(place),
                     .names = std::move(names)});
  count_names(levels_.back());
  keep_limits();
}

Scanner::Directory Scanner::open(int parent, const ScannedObject& object) {
  FileDescriptor directory = system::open_directory_at(parent, object.name.c_str());
  struct stat status {};
  if (!directory || fstat(directory.get(), &status) != 0) {
    warn(WarningKind::Missing, object.path, "the directory cannot be read: " + reason_of(errno));
    return nullptr;
  }
  if (identity_of(status) != identity_of(object.status)) {
    warn(WarningKind::Missing, object.path, "the directory was replaced while it was looked at");
    return nullptr;
  }
  return std::make_shared<const OpenDirectory>(OpenDirectory{std::move(directory)});
}

NameList Scanner::read_names(const OpenDirectory& directory, const ScannedObject& object) {
  NameList names(spill_, limits_.names_bytes);
  bool has_tag = false;
  reader_.begin(directory.descriptor.get());
  while (const char* name = reader_.next()) {
    if (*name == '\0' || std::strchr(name, '/') != nullptr) {
      warn(WarningKind::Missing, object.path, "it has a name that no file can have: its file system is damaged");
      continue;
    }
    has_tag = has_tag || std::strcmp(name, kCacheTagName) == 0;
    names.add(name);
  }
  if (reader_.problem() != 0)
    warn(WarningKind::Missing, object.path, "the directory cannot be read to its end: " + reason_of(reader_.problem()));
  // A directory that the user named is wanted, whatever it says of itself.
  if (has_tag && rules_.exclude_caches && !levels_.empty() && has_cache_tag(directory.descriptor)) {
    excluded_ += names.remaining() - 1;
    names.clear();
    names.add(kCacheTagName);
  }
  names.sort();
  return names;
}

PathPatterns::Place Scanner::place_of(const ScannedObject& object) const {
  if (!levels_.empty()) return rules_.exclude.below(levels_.back().place, object.name);
  PathPatterns::Place place = rules_.exclude.root();
  if (root_ == ".") return place;
  for (const std::filesystem::path& name : std::filesystem::path(root_))
    place = rules_.exclude.below(place, name.native());
  return place;
}

void Scanner::count_names(Level& level) {
  names_bytes_ -= level.names_bytes;
  level.names_bytes = level.names.memory_bytes();
  names_bytes_ += level.names_bytes;
}

/// The uppermost levels are needed last: they give up their names and their descriptors first. The root stays open:
/// from there everything can be found again.
void Scanner::keep_limits() {
  if (levels_.size() > limits_.open_levels) levels_[levels_.size() - limits_.open_levels].directory.reset();
  for (; names_bytes_ > limits_.names_bytes && shrunk_levels_ + 1 < levels_.size(); ++shrunk_levels_) {
    Level& level = levels_[shrunk_levels_];
    if (level.names_bytes < kWorthShrinkingBytes) continue;
    level.names.shrink();
    count_names(level);
  }
}

void Scanner::leave() {
  const Directory left = std::move(levels_.back().directory);
  names_bytes_ -= levels_.back().names_bytes;
  levels_.pop_back();
  if (levels_.empty()) return;
  Level& level = levels_.back();
  prefix_.resize(level.prefix_bytes);
  // What is taken from its names from here on may be in memory again.
  shrunk_levels_ = std::min(shrunk_levels_, levels_.size() - 1);
  if (level.directory) return;
  level.directory = open_same(left->descriptor.get(), "..", level.identity);
  if (!level.directory) walk_down_again();
}

/// The way up is lost: somebody moved or removed a directory on it. Goes down from the root as far as everything is in
/// its place, and goes on there.
void Scanner::walk_down_again() {
  Directory reached = levels_.front().directory;
  std::size_t depth = 1;
  for (; depth < levels_.size(); ++depth) {
    const Level& level = levels_[depth];
    const std::size_t begin = levels_[depth - 1].prefix_bytes;
    const std::string name = prefix_.substr(begin, level.prefix_bytes - begin - 1);
    Directory next = open_same(reached->descriptor.get(), name.c_str(), level.identity);
    if (!next) break;
    reached = std::move(next);
  }
  for (; levels_.size() > depth; levels_.pop_back()) lose(levels_.back());
  levels_.back().directory = std::move(reached);
  prefix_.resize(levels_.back().prefix_bytes);
  shrunk_levels_ = std::min(shrunk_levels_, levels_.size() - 1);
}

void Scanner::lose(const Level& level) {
  names_bytes_ -= level.names_bytes;
  if (level.names.at_end()) return;
  warn(WarningKind::Missing, prefix_.substr(0, level.prefix_bytes - 1),
       fmt::format("the directory was moved or removed while it was read: {} in it could not be looked at",
                   counted(level.names.remaining(), "name")));
}

void Scanner::warn(WarningKind kind, const std::string& path, const std::string& reason) {
  warnings_.add({.kind = kind, .path = absolute_path(path), .reason = reason});
}

}  // namespace osbackup::backup
