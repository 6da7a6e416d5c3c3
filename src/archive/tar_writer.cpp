#include "archive/tar_writer.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "archive/pax_header.hpp"
#include "archive/tar_attributes.hpp"
#include "archive/ustar_header.hpp"

namespace osbackup::archive {
namespace {

constexpr char kPaxHeaderType = 'x';
constexpr std::uint64_t kPaxHeaderMode = 0644;
constexpr std::uint32_t kModeBits = 07777;
constexpr std::uint32_t kDeviceNumberMax = (1U << 21U) - 1;
constexpr std::string_view kPaxHeaderFolder = "PaxHeaders/";
constexpr std::string_view kSparseFolder = "GNUSparseFile.0/";

char type_letter(EntryType type) noexcept {
  switch (type) {
    case EntryType::File:
      return '0';
    case EntryType::Hardlink:
      return '1';
    case EntryType::Symlink:
      return '2';
    case EntryType::CharacterDevice:
      return '3';
    case EntryType::BlockDevice:
      return '4';
    case EntryType::Directory:
      return '5';
    case EntryType::Fifo:
      return '6';
  }
  assert(false);
  return '\0';
}

bool is_link(const Entry& entry) noexcept {
  return entry.type == EntryType::Symlink || entry.type == EntryType::Hardlink;
}

bool is_device(const Entry& entry) noexcept {
  return entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice;
}

bool is_sparse_file(const Entry& entry) noexcept { return entry.type == EntryType::File && entry.sparse; }

bool is_text(std::string_view bytes) noexcept { return !bytes.empty() && bytes.find('\0') == std::string_view::npos; }

bool is_relative_path(std::string_view path) noexcept {
  return is_text(path) && path.front() != '/' && path.back() != '/';
}

std::string_view last_component(std::string_view path) noexcept { return path.substr(path.rfind('/') + 1); }

/// What a reader that knows no sparse files finds: `etc/GNUSparseFile.0/map` for `etc/map`.
std::string sparse_name(std::string_view path) {
  const std::string_view name = last_component(path);
  return std::string(path.substr(0, path.size() - name.size())).append(kSparseFolder).append(name);
}

void complete_record(std::vector<std::byte>& out) { out.resize(in_whole_records(out.size())); }

void append_line(std::vector<std::byte>& out, std::uint64_t number) {
  std::array<char, 21> text{};  // The digits of 2^64 - 1, and a newline.
  char* const end = std::to_chars(text.data(), text.data() + text.size() - 1, number).ptr;
  *end = '\n';
  const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), bytes, bytes + (end + 1 - text.data()));
}

/// The map of GNU.sparse 1.0: the number of extents, then offset and length of each, one number a line. A hole at the
/// end shows as an empty extent behind it.
std::vector<std::byte> sparse_map(const Entry& entry) {
  const Extent last = entry.extents.empty() ? Extent{} : entry.extents.back();
  const bool ends_in_hole = entry.extents.empty() || last.offset + last.length < entry.size;
  std::vector<std::byte> map;
  append_line(map, entry.extents.size() + (ends_in_hole ? 1 : 0));
  for (const Extent& extent : entry.extents) {
    append_line(map, extent.offset);
    append_line(map, extent.length);
  }
  if (ends_in_hole) {
    append_line(map, entry.size);
    append_line(map, 0);
  }
  complete_record(map);
  return map;
}

bool extents_end_records(const std::vector<Extent>& extents) noexcept {
  return extents.empty() || std::all_of(extents.begin(), extents.end() - 1,
                                        [](const Extent& extent) { return extent.length % kTarRecordBytes == 0; });
}

/// Writes one entry's ustar header, and a pax record for all that it cannot say.
class Description {
 public:
  Description(const Entry& entry, std::vector<std::byte>& records) : entry_(entry), records_(records) {}

  UstarHeader write(std::uint64_t content_bytes) {
    header_.type = type_letter(entry_.type);
    write_names();
    write_number(header_.size, "size", content_bytes);
    write_time();
    write_owner();
    put_octal(header_.mode, entry_.mode & kModeBits);
    put_octal(header_.device_major, is_device(entry_) ? entry_.device_major : 0);
    put_octal(header_.device_minor, is_device(entry_) ? entry_.device_minor : 0);
    header_.seal();
    append_attributes(records_, entry_.attributes);
    return header_;
  }

 private:
  void write_names() {
    if (is_sparse_file(entry_)) {
      put_path(header_, sparse_name(entry_.path), false);
      append_pax_number(records_, "GNU.sparse.major", 1);
      append_pax_number(records_, "GNU.sparse.minor", 0);
      append_pax_record(records_, "GNU.sparse.name", entry_.path);
      append_pax_number(records_, "GNU.sparse.realsize", entry_.size);
    } else if (const bool is_directory = entry_.type == EntryType::Directory;
               !put_path(header_, entry_.path, is_directory)) {
      append_pax_record(records_, "path", is_directory ? entry_.path + '/' : entry_.path);
    }
    if (is_link(entry_) && !put_text(header_.linkname, entry_.target))
      append_pax_record(records_, "linkpath", entry_.target);
  }

  void write_time() {
    const timespec& time = entry_.mtime;
    const std::uint64_t seconds = time.tv_sec < 0 ? 0 : static_cast<std::uint64_t>(time.tv_sec);
    const bool fits = put_octal(header_.mtime, seconds);
    if (!fits || time.tv_sec < 0 || time.tv_nsec != 0) append_pax_time(records_, "mtime", time);
  }

  void write_owner() {
    write_number(header_.uid, "uid", entry_.uid);
    write_number(header_.gid, "gid", entry_.gid);
    if (!put_terminated(header_.uname, entry_.user)) append_pax_record(records_, "uname", entry_.user);
    if (!put_terminated(header_.gname, entry_.group)) append_pax_record(records_, "gname", entry_.group);
  }

  template <std::size_t Bytes>
  void write_number(std::array<char, Bytes>& field, std::string_view keyword, std::uint64_t number) {
    if (!put_octal(field, number)) append_pax_number(records_, keyword, number);
  }

  const Entry& entry_;
  std::vector<std::byte>& records_;
  UstarHeader header_{};
};

/// The header record before the pax records of an entry.
UstarHeader pax_header(const Entry& entry, std::uint64_t records_bytes) {
  UstarHeader header{};
  header.type = kPaxHeaderType;
  put_text(header.name, kPaxHeaderFolder);
  const std::string_view name = last_component(entry.path);
  name.copy(header.name.data() + kPaxHeaderFolder.size(), header.name.size() - kPaxHeaderFolder.size());
  put_octal(header.mode, kPaxHeaderMode);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, records_bytes);
  put_octal(header.mtime, 0);
  put_octal(header.device_major, 0);
  put_octal(header.device_minor, 0);
  header.seal();
  return header;
}

}  // namespace

void TarWriter::append_headers(const Entry& entry) {
  assert(out_.size() % kTarRecordBytes == 0);
  assert(is_relative_path(entry.path));
  assert(!is_link(entry) || is_text(entry.target));
  assert(!is_device(entry) || std::max(entry.device_major, entry.device_minor) <= kDeviceNumberMax);
  assert(!is_sparse_file(entry) || extents_end_records(entry.extents));

  const std::vector<std::byte> map = is_sparse_file(entry) ? sparse_map(entry) : std::vector<std::byte>();
  const std::size_t begin = out_.size();
  const std::size_t records = begin + kTarRecordBytes;  // Room for the pax header, which needs to know their length.
  out_.resize(records);
  const UstarHeader header = Description(entry, out_).write(map.size() + stored_bytes(entry));
  std::size_t header_at = begin;
  if (out_.size() > records) {
    const UstarHeader before = pax_header(entry, out_.size() - records);
    std::memcpy(out_.data() + begin, &before, sizeof before);
    header_at = in_whole_records(out_.size());
  }
  out_.resize(header_at + kTarRecordBytes);
  std::memcpy(out_.data() + header_at, &header, sizeof header);
  out_.insert(out_.end(), map.begin(), map.end());
}

void TarWriter::append_padding() { complete_record(out_); }

void TarWriter::append_end() {
  assert(out_.size() % kTarRecordBytes == 0);
  out_.resize(out_.size() + 2 * kTarRecordBytes);
}

}  // namespace osbackup::archive
