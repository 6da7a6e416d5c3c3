#include "archive/zip_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "archive/zip_format.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

// Names and numbers of sections are APPNOTE.TXT's.
using namespace zip;

constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kCommentBytesMax = 0xFFFF;
constexpr std::size_t kZip64LocatorBytes = 20;
constexpr std::size_t kZip64EndBytes = 56;

void require(bool is_so, std::string_view otherwise) {
  if (!is_so) throw Error(ErrorKind::Corrupt, std::string(otherwise));
}

std::vector<std::byte> read_bytes(const RangeReader& zip, std::uint64_t offset, std::size_t count) {
  std::vector<std::byte> bytes(count);
  zip.read(offset, bytes);
  return bytes;
}

/// Where the end record begins: the last place from which its comment goes just to the end.
std::uint64_t find_end_record(const RangeReader& zip) {
  const std::uint64_t size = zip.size();
  require(size >= kEndBytes, "too short for a zip");
  std::size_t looked_at = kEndBytes;
  while (true) {
    const std::vector<std::byte> tail = read_bytes(zip, size - looked_at, looked_at);
    for (std::size_t at = looked_at - kEndBytes + 1; at-- > 0;) {
      ZipFields fields(std::span<const std::byte>(tail).subspan(at, kEndBytes));
      if (fields.u32() != kEnd) continue;
      fields.bytes(16);
      if (fields.u16() == looked_at - at - kEndBytes) return size - looked_at + at;
    }
    // Nearly no zip has a comment, so the longest is looked for only when there must be one.
    const auto longest = static_cast<std::size_t>(std::min<std::uint64_t>(size, kEndBytes + kCommentBytesMax));
    require(looked_at < longest, "the zip's end record is not at its end: truncated, or not a zip");
    looked_at = longest;
  }
}

/// The Zip64 end record that a locator right before the end record points to; nothing when there is no locator.
std::optional<ZipDirectoryPlace> find_zip64_end(const RangeReader& zip, std::uint64_t end) {
  if (end < kZip64LocatorBytes + kZip64EndBytes) return std::nullopt;
  const std::uint64_t locator_offset = end - kZip64LocatorBytes;
  const std::vector<std::byte> locator_bytes = read_bytes(zip, locator_offset, kZip64LocatorBytes);
  ZipFields locator(locator_bytes);
  if (locator.u32() != kZip64Locator) return std::nullopt;
  const std::uint32_t disk = locator.u32();
  const std::uint64_t record_offset = locator.u64();
  require(disk == 0 && locator.u32() <= 1, "the zip is one of several parts");
  require(record_offset <= locator_offset - kZip64EndBytes, "the Zip64 locator points to no Zip64 end record");
  const std::vector<std::byte> record_bytes = read_bytes(zip, record_offset, kZip64EndBytes);
  ZipFields record(record_bytes);
  require(record.u32() == kZip64End, "the Zip64 locator points to no Zip64 end record");
  const std::uint64_t rest = record.u64();
  require(rest >= kZip64EndRestBytes && rest == locator_offset - record_offset - 12,
          "the Zip64 end record does not end at its locator");
  record.bytes(4);  // Versions.
  require(record.u32() == 0 && record.u32() == 0, "the zip is one of several parts");
  const std::uint64_t count = record.u64();
  require(record.u64() == count, "the zip is one of several parts");
  const std::uint64_t bytes = record.u64();
  const std::uint64_t offset = record.u64();
  require(offset <= record_offset && bytes == record_offset - offset,
          "the zip's central directory does not end at the Zip64 end record");
  return ZipDirectoryPlace{.offset = offset, .bytes = bytes, .count = count};
}

/// What a Zip64 field says in place of values that have no room (4.5.3), in this order.
void take_zip64(std::span<const std::byte> extra, std::array<std::uint64_t*, 3> values) {
  const auto is_elsewhere = [](const std::uint64_t* value) { return value != nullptr && *value == kSee64; };
  if (std::none_of(values.begin(), values.end(), is_elsewhere)) return;
  ZipFields fields(extra);
  while (fields.left() != 0) {
    const std::uint16_t id = fields.u16();
    ZipFields data(fields.bytes(fields.u16()));
    if (id != kZip64Extra) continue;
    for (std::uint64_t* value : values)
      if (is_elsewhere(value)) *value = data.u64();
    return;
  }
  throw Error(ErrorKind::Corrupt, "a value should stand in a Zip64 field, and there is none");
}

bool leads_elsewhere(std::string_view name) {
  while (!name.empty()) {
    const std::string_view component = name.substr(0, name.find('/'));
    if (component == "..") return true;
    name.remove_prefix(std::min(component.size() + 1, name.size()));
  }
  return false;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.find('\0') == std::string_view::npos;
}

}  // namespace

std::span<const std::byte> ZipFields::bytes(std::size_t count) {
  require(count <= rest_.size(), "a record is cut off");
  const std::span<const std::byte> taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

std::string ZipFields::text(std::size_t count) {
  const std::span<const std::byte> taken = bytes(count);
  return {reinterpret_cast<const char*>(taken.data()), taken.size()};
}

std::uint64_t ZipFields::number(std::size_t count) {
  const std::span<const std::byte> taken = bytes(count);
  std::uint64_t value = 0;
  for (std::size_t i = taken.size(); i-- > 0;) value = value << 8U | std::to_integer<std::uint64_t>(taken[i]);
  return value;
}

ZipDirectoryPlace find_zip_directory(const RangeReader& zip) {
  const std::uint64_t end = find_end_record(zip);
  const std::vector<std::byte> end_bytes = read_bytes(zip, end, kEndBytes);
  ZipFields record(end_bytes);
  record.u32();
  const std::uint16_t disk = record.u16();
  const std::uint16_t directory_disk = record.u16();
  const std::uint16_t count_here = record.u16();
  const std::uint16_t count = record.u16();
  const std::uint32_t bytes = record.u32();
  const std::uint32_t offset = record.u32();
  require(disk == 0 && directory_disk == 0 && count_here == count, "the zip is one of several parts");
  if (const std::optional<ZipDirectoryPlace> place = find_zip64_end(zip, end)) {
    require((count == kSeeZip64End || count == place->count) && (bytes == kSee64 || bytes == place->bytes) &&
                (offset == kSee64 || offset == place->offset),
            "the zip's end record and its Zip64 end record disagree");
    return *place;
  }
  require(offset <= end && bytes == end - offset, "the zip's central directory does not end at the end record");
  return {.offset = offset, .bytes = bytes, .count = count};
}

ZipEntry take_central_record(ZipFields& fields) {
  ZipEntry entry;
  require(fields.u32() == kCentralHeader, "not a record of the central directory");
  fields.bytes(4);  // Versions.
  entry.is_encrypted = (fields.u16() & kFlagEncrypted) != 0;
  entry.method = fields.u16();
  fields.bytes(4);  // Time.
  entry.crc = fields.u32();
  entry.packed_bytes = fields.u32();
  entry.bytes = fields.u32();
  const std::uint16_t name_bytes = fields.u16();
  const std::uint16_t extra_bytes = fields.u16();
  const std::uint16_t comment_bytes = fields.u16();
  require(fields.u16() == 0, "the zip is one of several parts");
  fields.bytes(6);  // Attributes.
  entry.header_offset = fields.u32();
  entry.name = fields.text(name_bytes);
  take_zip64(fields.bytes(extra_bytes), {&entry.bytes, &entry.packed_bytes, &entry.header_offset});
  fields.bytes(comment_bytes);
  require(is_name(entry.name), "a name that is none");
  require(!leads_elsewhere(entry.name), "a name that leads elsewhere");
  require(!entry.is_stored() || entry.bytes == entry.packed_bytes, "a stored entry with two sizes");
  return entry;
}

std::uint64_t check_local_header(const RangeReader& zip, const ZipEntry& entry) {
  // That the header's fixed part and the name lie before the next entry was checked with the central directory.
  const std::vector<std::byte> bytes = read_bytes(zip, entry.header_offset, kLocalHeaderBytes + entry.name.size());
  ZipFields fields(bytes);
  require(fields.u32() == kLocalHeader, "there is none");
  fields.u16();  // Version.
  const std::uint16_t flags = fields.u16();
  require(((flags & kFlagEncrypted) != 0) == entry.is_encrypted && fields.u16() == entry.method, "another method");
  fields.bytes(4);  // Time.
  const std::uint32_t crc = fields.u32();
  std::uint64_t packed_bytes = fields.u32();
  std::uint64_t content_bytes = fields.u32();
  const std::uint16_t name_bytes = fields.u16();
  const std::uint16_t extra_bytes = fields.u16();
  require(name_bytes == entry.name.size() && fields.text(name_bytes) == entry.name, "another name");
  const std::uint64_t data_offset = entry.header_offset + bytes.size() + extra_bytes;
  require(data_offset <= entry.end_limit && entry.packed_bytes <= entry.end_limit - data_offset,
          "the content would reach into what follows");
  if ((flags & kFlagDescriptor) == 0) {
    const std::vector<std::byte> extra = read_bytes(zip, entry.header_offset + bytes.size(), extra_bytes);
    take_zip64(extra, {&content_bytes, &packed_bytes, nullptr});
    require(crc == entry.crc && packed_bytes == entry.packed_bytes && content_bytes == entry.bytes,
            "another size or CRC");
  }
  return data_offset;
}

std::optional<std::string> written_entry_name(std::span<const std::byte> bytes) {
  if (bytes.size() < kWrittenHeaderBytes) return std::nullopt;
  ZipFields fields(bytes);
  if (fields.u32() != kLocalHeader) return std::nullopt;
  fields.u16();  // Version.
  if (fields.u16() != kWrittenFlags || fields.u16() != kStored) return std::nullopt;
  fields.bytes(8);  // Time; CRC.
  if (fields.u32() != kSee64 || fields.u32() != kSee64) return std::nullopt;
  const std::uint16_t name_bytes = fields.u16();
  const std::uint16_t extra_bytes = fields.u16();
  if (extra_bytes != kWrittenHeaderBytes - kLocalHeaderBytes || fields.left() < std::size_t{name_bytes} + extra_bytes)
    return std::nullopt;
  std::string name = fields.text(name_bytes);
  const bool is_written = fields.u16() == kZip64Extra && fields.u16() == 16 && fields.u64() == 0 && fields.u64() == 0;
  return is_written && is_name(name) && !leads_elsewhere(name) ? std::optional(std::move(name)) : std::nullopt;
}

std::optional<ZipDescriptor> written_descriptor(std::span<const std::byte> bytes) {
  if (bytes.size() < kWrittenDescriptorBytes) return std::nullopt;
  ZipFields fields(bytes);
  if (fields.u32() != kDescriptor) return std::nullopt;
  const std::uint32_t crc = fields.u32();
  const std::uint64_t packed_bytes = fields.u64();
  return packed_bytes == fields.u64() ? std::optional(ZipDescriptor{.crc = crc, .bytes = packed_bytes}) : std::nullopt;
}

}  // namespace osbackup::archive
