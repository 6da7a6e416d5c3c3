#include "restore/metadata_writer.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "core/encoding.hpp"
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
  if (has_mode && (touched_acl || (object.status.st_mode & kModeBits) != mode)) write_mode(object, mode);
  write_time(object, metadata);
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
  for (const archive::Attribute& attribute : metadata.attributes) {
    const bool has_name = attribute.name.find('\0') == std::string::npos;
    if (!has_name || set_attribute(object, attribute) != 0)
      note(shown_name(attribute.name), object, has_name ? errno : EINVAL);
    touched_acl = touched_acl || attribute.name == kAccessAcl;
  }
  if (!object.may_have_acl || metadata.type == archive::EntryType::Symlink) return touched_acl;
  if (!has_attribute(metadata, kAccessAcl)) remove_attribute(object, kAccessAcl);
  if (metadata.type == archive::EntryType::Directory && !has_attribute(metadata, kDefaultAcl))
    remove_attribute(object, kDefaultAcl);
  return true;
}

void MetadataWriter::write_mode(const HeldObject& object, std::uint32_t mode) {
  const int result = object.is_path_only ? chmod(path_of_descriptor(object.descriptor).c_str(), mode)
                                         : fchmod(object.descriptor, mode);
  if (result != 0) note("mode", object, errno);
}

void MetadataWriter::write_time(const HeldObject& object, const ObjectMetadata& metadata) {
  const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, metadata.mtime};
  if (metadata.mtime.tv_nsec < 0 || metadata.mtime.tv_nsec >= kNanoseconds) {
    note("time of modification", object, EINVAL);
    return;
  }
  int result =
      object.is_path_only ? utimensat(object.descriptor, "", times, AT_EMPTY_PATH) : futimens(object.descriptor, times);
  // Kernels before 5.8 take no empty path.
  if (result != 0 && object.is_path_only && errno == EINVAL)
    result = utimensat(AT_FDCWD, path_of_descriptor(object.descriptor).c_str(), times, 0);
  if (result != 0) note("time of modification", object, errno);
}

void MetadataWriter::write_flags(const HeldObject& object, const ObjectMetadata& metadata) {
  if (metadata.flags.empty() || object.is_path_only) return;
  set_flags(object, select_flags(metadata.flags, false));
  const std::string last = select_flags(metadata.flags, true);
  const bool is_still_needed = metadata.type == archive::EntryType::Directory || metadata.links > 1;
  if (last.empty()) return;
  if (is_still_needed &&
      deferred_.add(
          {.path = object.path(), .device = object.status.st_dev, .inode = object.status.st_ino, .letters = last}))
    return;
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
