#include "restore/entry_comparison.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using archive::IndexEntry;

/// A hard link without a digest is to something that nobody knows.
EntryType type_of(const IndexEntry& entry) {
  return entry.entry.type == EntryType::Hardlink && entry.digest ? EntryType::File : entry.entry.type;
}

bool is_device(EntryType type) { return type == EntryType::CharacterDevice || type == EntryType::BlockDevice; }

bool is_same_time(const timespec& left, const timespec& right, bool may_lack_nanoseconds) {
  const bool lacks_them = may_lack_nanoseconds && (left.tv_nsec == 0 || right.tv_nsec == 0);
  return left.tv_sec == right.tv_sec && (lacks_them || left.tv_nsec == right.tv_nsec);
}

}  // namespace

std::string_view name_of(ChangedField field) noexcept {
  switch (field) {
    case ChangedField::Type:
      return "type";
    case ChangedField::Content:
      return "content";
    case ChangedField::Size:
      return "size";
    case ChangedField::Target:
      return "target";
    case ChangedField::Device:
      return "rdev";
    case ChangedField::Mode:
      return "mode";
    case ChangedField::UserId:
      return "uid";
    case ChangedField::GroupId:
      return "gid";
    case ChangedField::ModificationTime:
      return "mtime";
    case ChangedField::Attributes:
      return "xattrs";
    case ChangedField::Flags:
      return "flags";
  }
  return "";
}

std::vector<ChangedField> compare(const IndexEntry& before, const IndexEntry& after, const Comparison& comparison) {
  const archive::Entry& old_entry = before.entry;
  const archive::Entry& new_entry = after.entry;
  const EntryType type = type_of(after);
  const bool is_same_type = type_of(before) == type;
  std::vector<ChangedField> fields;
  const auto add_if = [&](bool differs, ChangedField field) {
    if (differs) fields.push_back(field);
  };
  add_if(!is_same_type, ChangedField::Type);
  if (is_same_type && type == EntryType::File) {
    const bool is_same_size = old_entry.size == new_entry.size;
    add_if(!is_same_size || comparison.content_differs(before, after), ChangedField::Content);
    add_if(!is_same_size, ChangedField::Size);
  }
  if (is_same_type) {
    const bool is_link = type == EntryType::Symlink || type == EntryType::Hardlink;
    const bool is_same_device =
        old_entry.device_major == new_entry.device_major && old_entry.device_minor == new_entry.device_minor;
    add_if(is_link && old_entry.target != new_entry.target, ChangedField::Target);
    add_if(is_device(type) && !is_same_device, ChangedField::Device);
  }
  add_if(old_entry.mode != new_entry.mode, ChangedField::Mode);
  add_if(old_entry.uid != new_entry.uid, ChangedField::UserId);
  add_if(old_entry.gid != new_entry.gid, ChangedField::GroupId);
  add_if(!is_same_time(old_entry.mtime, new_entry.mtime, comparison.may_lack_nanoseconds),
         ChangedField::ModificationTime);
  if (old_entry.type != EntryType::Hardlink && new_entry.type != EntryType::Hardlink) {
    add_if(before.attributes_digest != after.attributes_digest, ChangedField::Attributes);
    add_if(comparison.knows_flags && old_entry.flags != new_entry.flags, ChangedField::Flags);
  }
  return fields;
}

}  // namespace osbackup::restore
