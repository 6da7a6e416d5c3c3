#include "archive/tar_header.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "archive/tar_number.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

constexpr std::uint64_t kIdMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kModeBits = 07777;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::Corrupt, why); }

template <std::size_t Bytes>
std::string_view field_of(const std::array<char, Bytes>& field) noexcept {
  return {field.data(), Bytes};
}

template <std::size_t Bytes>
std::string text_of(const std::array<char, Bytes>& field) {
  const std::string_view text = field_of(field);
  return std::string(text.substr(0, text.find('\0')));
}

std::uint64_t number(std::string_view field, const char* name) {
  const auto value = tar_number(field);
  if (!value || *value < 0) refuse(std::string("the field ") + name + " of a header is no number that it may hold");
  return static_cast<std::uint64_t>(*value);
}

std::uint64_t file_size(std::uint64_t size) {
  if (size > kFileReadBytesMax) refuse("its size is beyond what a file can hold");
  return size;
}

std::uint32_t id(std::uint64_t value) {
  if (value > kIdMax) refuse("the number of its owner, group or device has more than 32 bits");
  return static_cast<std::uint32_t>(value);
}

/// The checksum is counted as if its own field were spaces. Some old programs took the bytes for signed ones.
bool has_true_checksum(const TarRecord& record, const UstarHeader& header) noexcept {
  std::int64_t as_unsigned = 0;
  std::int64_t as_signed = 0;
  for (const char byte : record) {
    as_unsigned += static_cast<unsigned char>(byte);
    as_signed += static_cast<signed char>(byte);
  }
  for (const char byte : header.checksum) {
    as_unsigned += ' ' - static_cast<unsigned char>(byte);
    as_signed += ' ' - static_cast<signed char>(byte);
  }
  const auto said = tar_number(field_of(header.checksum));
  return said && (*said == as_unsigned || *said == as_signed);
}

EntryType type_of(char letter) noexcept {
  switch (letter) {
    case '1':
      return EntryType::Hardlink;
    case '2':
      return EntryType::Symlink;
    case '3':
      return EntryType::CharacterDevice;
    case '4':
      return EntryType::BlockDevice;
    case '5':
    case DirectoryWithNames:
      return EntryType::Directory;
    case '6':
      return EntryType::Fifo;
    default:
      return EntryType::File;
  }
}

/// Without `./` at the begin and slashes at the end; `/` and `.` stay.
std::string normalised(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  while (path.size() > 2 && path.starts_with("./")) {
    path.remove_prefix(2);
    while (path.size() > 1 && path.starts_with('/')) path.remove_prefix(1);
  }
  return std::string(path);
}

}  // namespace

TarHeader::TarHeader(const TarRecord& record) : record_(record) {
  std::memcpy(&fields_, record_.data(), sizeof fields_);
  if (!has_true_checksum(record_, fields_)) refuse("the checksum of a header is not true");
}

std::uint64_t TarHeader::size() const { return file_size(number(field_of(fields_.size), "size")); }

std::uint64_t TarHeader::size_with_holes() const {
  constexpr std::size_t kOffset = 483;
  constexpr std::size_t kBytes = 12;
  return file_size(number({record_.data() + kOffset, kBytes}, "realsize"));
}

std::string TarHeader::raw_path(const TarMetadata& metadata) const {
  for (const auto* const path : {&metadata.sparse_path, &metadata.path, &metadata.long_path})
    if (*path) return **path;
  const std::string name = text_of(fields_.name);
  // GNU's own format, "ustar  ", has other things there, and the oldest has nothing.
  const bool has_prefix = field_of(fields_.magic) == std::string_view("ustar\0", 6);
  const std::string prefix = has_prefix ? text_of(fields_.prefix) : "";
  return prefix.empty() ? name : prefix + '/' + name;
}

std::string TarHeader::path(const TarMetadata& metadata) const { return normalised(raw_path(metadata)); }

EntryType TarHeader::entry_type(const TarMetadata& metadata) const {
  // The oldest tars say by the slash that it is a directory.
  const bool may_be_directory = type() == '0' || type() == OldFile;
  return may_be_directory && raw_path(metadata).ends_with('/') ? EntryType::Directory : type_of(type());
}

Entry TarHeader::describe(const TarMetadata& metadata) const {
  Entry entry;
  entry.path = path(metadata);
  if (entry.path.empty()) refuse("it has no path");
  entry.type = entry_type(metadata);
  entry.mode = static_cast<std::uint32_t>(number(field_of(fields_.mode), "mode") & kModeBits);
  describe_owner(entry, metadata);
  describe_device(entry, metadata);
  describe_target(entry, metadata);
  if (metadata.mtime) {
    entry.mtime = *metadata.mtime;
  } else {
    const auto seconds = tar_number(field_of(fields_.mtime));
    if (!seconds) refuse("the field mtime of a header is no number that it may hold");
    entry.mtime.tv_sec = *seconds;
  }
  return entry;
}

void TarHeader::describe_owner(Entry& entry, const TarMetadata& metadata) const {
  entry.uid = id(metadata.uid ? *metadata.uid : number(field_of(fields_.uid), "uid"));
  entry.gid = id(metadata.gid ? *metadata.gid : number(field_of(fields_.gid), "gid"));
  const bool has_names = field_of(fields_.magic).starts_with("ustar");
  entry.user = metadata.user ? *metadata.user : has_names ? text_of(fields_.uname) : "";
  entry.group = metadata.group ? *metadata.group : has_names ? text_of(fields_.gname) : "";
}

void TarHeader::describe_device(Entry& entry, const TarMetadata& metadata) const {
  if (entry.type != EntryType::CharacterDevice && entry.type != EntryType::BlockDevice) return;
  const auto& major = metadata.device_major;
  const auto& minor = metadata.device_minor;
  entry.device_major = id(major ? *major : number(field_of(fields_.device_major), "devmajor"));
  entry.device_minor = id(minor ? *minor : number(field_of(fields_.device_minor), "devminor"));
}

void TarHeader::describe_target(Entry& entry, const TarMetadata& metadata) const {
  if (entry.type != EntryType::Symlink && entry.type != EntryType::Hardlink) return;
  entry.target = metadata.target        ? *metadata.target
                 : metadata.long_target ? *metadata.long_target
                                        : text_of(fields_.linkname);
  if (entry.type == EntryType::Hardlink) entry.target = normalised(entry.target);
  if (entry.target.empty()) refuse("it is a link without a target");
}

}  // namespace osbackup::archive
