#include "restore/metadata_writer.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>

#include "core/encoding.hpp"
#include "system/host.hpp"
#include "system/inode_flags.hpp"

namespace osbackup::restore {
namespace {

constexpr std::string_view kAccessAcl = "system.posix_acl_access";
constexpr std::string_view kDefaultAcl = "system.posix_acl_default";
/// Append-only and immutable: with them nothing else can be done to an object.
constexpr std::string_view kLastFlags = "ai";
constexpr mode_t kModeBits = 07777;
constexpr mode_t kSetIdBits = S_ISUID | S_ISGID;
/// Which chown(2) takes for "as it is".
constexpr std::uint32_t kNobodysId = 0xFFFFFFFF;
constexpr long kNanoseconds = 1'000'000'000;

/// The kernel's path of an object that is opened with O_PATH: it leads to that object and no other.
std::string path_of_descriptor(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

int set_attribute(const HeldObject& object, const archive::Attribute& attribute) {
  const char* const name = attribute.name.c_str();
  if (!object.is_path_only)
    return fsetxattr(object.descriptor, name, attribute.value.data(), attribute.value.size(), 0);
  return setxattr(path_of_descriptor(object.descriptor).c_str(), name, attribute.value.data(), attribute.value.size(),
                  0);
}

/// What is immutable takes nothing, not even what it has.
bool has_attribute_already(const HeldObject& object, const archive::Attribute& attribute) {
  std::string value(attribute.value.size() + 1, '\0');
  const char* const name = attribute.name.c_str();
  const ssize_t size = object.is_path_only
                           ? getxattr(path_of_descriptor(object.descriptor).c_str(), name, value.data(), value.size())
                           : fgetxattr(object.descriptor, name, value.data(), value.size());
  return size >= 0 && std::string_view(value).substr(0, static_cast<std::size_t>(size)) == attribute.value;
}

/// All zeros if it cannot be had.
struct stat status_now(const HeldObject& object) {
  struct stat status {};
  fstatat(object.descriptor, "", &status, AT_EMPTY_PATH);
  return status;
}

bool has_mtime(const struct stat& status, const timespec& time) {
  return status.st_mtim.tv_sec == time.tv_sec && status.st_mtim.tv_nsec == time.tv_nsec;
}

void remove_attribute(const HeldObject& object, std::string_view name) {
  // That it has none, or cannot have any, is what was wanted.
  if (object.is_path_only)
    removexattr(path_of_descriptor(object.descriptor).c_str(), name.data());
  else
    fremovexattr(object.descriptor, name.data());
}

bool has_attribute(const ObjectMetadata& metadata, std::string_view name) {
  return std::any_of(metadata.attributes.begin(), metadata.attributes.end(),
                     [&](const archive::Attribute& attribute) { return attribute.name == name; });
}

std::string shown_name(const std::string& name) {
  if (name == kAccessAcl) return "ACL";
  if (name == kDefaultAcl) return "default ACL";
  return "extended attribute " + printable(name);
}

bool is_acl(const archive::Attribute& attribute) {
  return attribute.name == kAccessAcl || attribute.name == kDefaultAcl;
}

bool is_time(const timespec& time) { return time.tv_nsec >= 0 && time.tv_nsec < kNanoseconds; }

/// Whether its time comes with its flags.
bool has_late_time(const ObjectMetadata& metadata) {
  return metadata.type == archive::EntryType::File && !metadata.flags.empty() && is_time(metadata.mtime);
}

std::string select_flags(const std::string& letters, bool last) {
  std::string selected;
  for (const char letter : letters)
    if ((kLastFlags.find(letter) != std::string_view::npos) == last) selected += letter;
  return selected;
}

}  // namespace

std::string name_of_flag(char letter) { return "inode flag " + printable(std::string_view(&letter, 1)); }

void MetadataWriter::write(const HeldObject& object, const ObjectMetadata& metadata) {
  // The owner first: changing it takes away set-ID bits and capabilities.
  const bool is_owned = write_owner(object, metadata);
  const bool touched_acl = write_attributes(object, metadata);
  std::uint32_t mode = metadata.mode & kModeBits;
  if (!is_owned && (mode & kSetIdBits) != 0) {
    mode &= ~kSetIdBits;
    log_.add_not_set("set-user-ID or set-group-ID bit", object.path(), "it belongs to somebody else");
  }
  const bool has_mode = metadata.type != archive::EntryType::Symlink;
  if (has_mode && (touched_acl || (object.status.st_mode & kModeBits) != mode)) write_mode(object, metadata, mode);
  if (!has_late_time(metadata)) write_time(object, metadata);
}

/// Whether it belongs to whom it should.
bool MetadataWriter::write_owner(const HeldObject& object, const ObjectMetadata& metadata) {
  const bool has_user = object.status.st_uid == metadata.uid;
  const bool has_group = object.status.st_gid == metadata.gid;
  if (has_user && has_group) return true;
  const auto change = [&](uid_t user, gid_t group) {
    if (fchownat(object.descriptor, "", user, group, AT_EMPTY_PATH) == 0) return 0;
    return errno;
  };
  const bool is_possible = metadata.uid != kNobodysId && metadata.gid != kNobodysId;
  const int problem = is_possible ? change(metadata.uid, metadata.gid) : EINVAL;
  if (problem == 0) return true;
  if (!has_user) note("owner", object, problem);
  // Whoever may not give a file away may still give it to a group of his own.
  if (!has_group && (!is_possible || change(kNobodysId, metadata.gid) != 0)) note("group", object, problem);
  return false;
}

/// Whether an ACL was set or removed, which changes the mode.
bool MetadataWriter::write_attributes(const HeldObject& object, const ObjectMetadata& metadata) {
  bool touched_acl = false;
  const auto set = [&](const archive::Attribute& attribute) {
    const bool has_name = attribute.name.find('\0') == std::string::npos;
    if (!has_name || set_attribute(object, attribute) != 0) {
      const int problem = has_name ? errno : EINVAL;
      if (!has_name || !has_attribute_already(object, attribute)) note(shown_name(attribute.name), object, problem);
    }
    touched_acl = touched_acl || attribute.name == kAccessAcl;
  };
  // ACLs behind the others, for which an ordinary user needs the permission to write that they may take away.
  for (const archive::Attribute& attribute : metadata.attributes)
    if (!is_acl(attribute)) set(attribute);
  for (const archive::Attribute& attribute : metadata.attributes)
    if (is_acl(attribute)) set(attribute);
  if (!object.may_have_acl || metadata.type == archive::EntryType::Symlink) return touched_acl;
  if (!has_attribute(metadata, kAccessAcl)) remove_attribute(object, kAccessAcl);
  if (metadata.type == archive::EntryType::Directory && !has_attribute(metadata, kDefaultAcl))
    remove_attribute(object, kDefaultAcl);
  return true;
}

void MetadataWriter::write_mode(const HeldObject& object, const ObjectMetadata& metadata, std::uint32_t mode) {
  const bool locks_out = metadata.type == archive::EntryType::Directory && (mode & S_IRWXU) != S_IRWXU;
  if (locks_out && !system::is_root() &&
      deferred_.add({.path = object.path(),
                     .device = object.status.st_dev,
                     .inode = object.status.st_ino,
                     .mode = mode,
                     .letters = {}}))
    mode |= S_IRWXU;
  const int result = object.is_path_only ? chmod(path_of_descriptor(object.descriptor).c_str(), mode)
                                         : fchmod(object.descriptor, mode);
  const int problem = errno;
  if (result != 0 && (status_now(object).st_mode & kModeBits) != mode) note(kModeName, object, problem);
}

void MetadataWriter::write_time(const HeldObject& object, const ObjectMetadata& metadata) {
  const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, metadata.mtime};
  if (!is_time(metadata.mtime)) {
    note(kTimeName, object, EINVAL);
    return;
  }
  int result =
      object.is_path_only ? utimensat(object.descriptor, "", times, AT_EMPTY_PATH) : futimens(object.descriptor, times);
  // Kernels before 5.8 take no empty path.
  if (result != 0 && object.is_path_only && errno == EINVAL)
    result = utimensat(AT_FDCWD, path_of_descriptor(object.descriptor).c_str(), times, 0);
  const int problem = errno;
  if (result != 0 && !has_mtime(status_now(object), metadata.mtime)) note(kTimeName, object, problem);
}

void MetadataWriter::write_flags(const HeldObject& object, const ObjectMetadata& metadata) {
  if (metadata.flags.empty() || object.is_path_only) return;
  set_flags(object, select_flags(metadata.flags, false));
  const std::string last = select_flags(metadata.flags, true);
  const bool is_still_needed = metadata.type == archive::EntryType::Directory || metadata.links > 1;
  bool has_time = has_late_time(metadata);
  // Later another user than root may be unable to open it; nor could he set these flags.
  if (has_time && !system::is_root()) {
    write_time(object, metadata);
    has_time = false;
  }
  if (!last.empty() && is_still_needed &&
      deferred_.add({.path = object.path(),
                     .device = object.status.st_dev,
                     .inode = object.status.st_ino,
                     .mtime = has_time ? std::optional(metadata.mtime) : std::nullopt,
                     .letters = last}))
    return;
  if (has_time) write_time(object, metadata);
  set_flags(object, last);
}

void MetadataWriter::set_flags(const HeldObject& object, const std::string& letters) {
  if (letters.empty()) return;
  for (const system::UnsetFlag& unset : system::set_inode_flags(object.descriptor, letters))
    note(name_of_flag(unset.letter), object, unset.problem);
}

void MetadataWriter::note(const std::string& what, const HeldObject& object, int problem) {
  log_.add_not_set(what, object.path(), std::generic_category().message(problem));
}

}  // namespace osbackup::restore
