#include "archive/zip_writer.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <string_view>
#include <type_traits>

#include "archive/crc32.hpp"
#include "archive/zip_format.hpp"
#include "core/encoding.hpp"

namespace osbackup::archive {
namespace {

// Names and numbers of sections are APPNOTE.TXT's.
using namespace zip;

constexpr std::uint16_t kVersionNeeded = 45;              // 4.4.3.2: Zip64.
constexpr std::uint16_t kVersionMadeBy = 3U << 8U | 45U;  // 4.4.2: the attributes are Unix's.
constexpr std::uint32_t kUnixMode = 0100600U << 16U;
constexpr std::size_t kNameBytesMax = 0xFFFF;

/// A record of the zip, whose numbers are little-endian.
class Record {
 public:
  explicit Record(std::uint32_t signature) { add(signature); }

  template <class Number>
  Record& add(Number number) {
    static_assert(std::is_unsigned_v<Number>);
    for (std::size_t i = 0; i < sizeof number; ++i) bytes_.push_back(static_cast<std::byte>(number >> (8U * i)));
    return *this;
  }
  Record& add_text(std::string_view text) {
    const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), begin, begin + text.size());
    return *this;
  }
  const std::vector<std::byte>& bytes() const noexcept { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Whether a value has no place in a field of 32 bits: the largest one means that it stands elsewhere.
bool is_large(std::uint64_t value) noexcept { return value >= kSee64; }

std::uint32_t in_32_bits(std::uint64_t value) noexcept {
  return is_large(value) ? kSee64 : static_cast<std::uint32_t>(value);
}

/// The date in the upper, the time in the lower 16 bits (4.4.6).
std::uint32_t dos_time_of(TimePoint time) {
  using std::chrono::sys_days;
  using std::chrono::year;
  constexpr auto kFirst = std::chrono::sys_seconds(sys_days(year(1980) / 1 / 1));
  constexpr auto kLast = std::chrono::sys_seconds(sys_days(year(2108) / 1 / 1)) - std::chrono::seconds(1);
  const auto second = std::clamp(std::chrono::floor<std::chrono::seconds>(time), kFirst, kLast);
  const auto midnight = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(second - midnight);
  const auto years = static_cast<std::uint32_t>(static_cast<int>(date.year()) - 1980);
  const std::uint32_t day = years << 9U | static_cast<unsigned>(date.month()) << 5U | static_cast<unsigned>(date.day());
  const auto hours = static_cast<std::uint32_t>(clock.hours().count());
  const auto minutes = static_cast<std::uint32_t>(clock.minutes().count());
  const auto seconds = static_cast<std::uint32_t>(clock.seconds().count());
  return day << 16U | hours << 11U | minutes << 5U | seconds / 2;
}

/// The end of a zip: the Zip64 records if a value needs them (4.3.14, 4.3.15), and the end record (4.3.16).
std::vector<std::byte> end_records(std::uint64_t count, std::uint64_t directory_offset, std::uint64_t directory_bytes) {
  std::vector<std::byte> records;
  if (count >= kSeeZip64End || is_large(directory_offset) || is_large(directory_bytes)) {
    Record zip64(kZip64End);
    zip64.add(kZip64EndRestBytes).add(kVersionMadeBy).add(kVersionNeeded);
    zip64.add(std::uint32_t{0}).add(std::uint32_t{0});  // The number of this disk, and of the directory's.
    zip64.add(count).add(count).add(directory_bytes).add(directory_offset);
    zip64.add(kZip64Locator).add(std::uint32_t{0}).add(directory_offset + directory_bytes).add(std::uint32_t{1});
    records = zip64.bytes();
  }
  const auto short_count = static_cast<std::uint16_t>(std::min<std::uint64_t>(count, kSeeZip64End));
  Record end(kEnd);
  end.add(std::uint16_t{0}).add(std::uint16_t{0}).add(short_count).add(short_count);
  end.add(in_32_bits(directory_bytes)).add(in_32_bits(directory_offset)).add(std::uint16_t{0});  // No comment.
  records.insert(records.end(), end.bytes().begin(), end.bytes().end());
  return records;
}

}  // namespace

ZipWriter::ZipWriter(ByteSink& sink, TimePoint time) : sink_(sink), dos_time_(dos_time_of(time)) {}

void ZipWriter::begin_entry(const std::string& name) {
  assert(!in_entry_ && !finished_);
  assert(!name.empty() && name.size() <= kNameBytesMax && is_utf8(name));
  members_.push_back({.name = name, .header_offset = size_});
  in_entry_ = true;
  Record header(kLocalHeader);
  header.add(kVersionNeeded).add(kWrittenFlags).add(kStored).add(dos_time_);
  // Sizes that point to the Zip64 extra make readers take the descriptor's fields as 8 bytes each (4.3.9.2).
  header.add(std::uint32_t{0}).add(kSee64).add(kSee64);
  header.add(static_cast<std::uint16_t>(name.size())).add(std::uint16_t{20}).add_text(name);
  header.add(kZip64Extra).add(std::uint16_t{16}).add(std::uint64_t{0}).add(std::uint64_t{0});
  put(header.bytes());
}

void ZipWriter::write(std::span<const std::byte> bytes) {
  assert(in_entry_);
  Member& member = members_.back();
  put(bytes);
  member.crc = crc32(member.crc, bytes);
  member.bytes += bytes.size();
}

ZipPlace ZipWriter::end_entry() {
  assert(in_entry_);
  in_entry_ = false;
  const Member& member = members_.back();
  const ZipPlace place{.offset = size_ - member.bytes, .length = member.bytes};
  put(Record(kDescriptor).add(member.crc).add(member.bytes).add(member.bytes).bytes());
  return place;
}

void ZipWriter::finish() {
  assert(!in_entry_ && !finished_);
  finished_ = true;
  const std::uint64_t directory_offset = size_;
  for (const Member& member : members_) put(central_header(member));
  put(end_records(members_.size(), directory_offset, size_ - directory_offset));
}

std::vector<std::byte> ZipWriter::central_header(const Member& member) const {
  // Of the Zip64 extra only the fields that need it, in this order: both sizes, the offset (4.5.3).
  const std::uint16_t sizes = is_large(member.bytes) ? 16 : 0;
  const std::uint16_t offset = is_large(member.header_offset) ? 8 : 0;
  const auto extra = static_cast<std::uint16_t>(sizes + offset);
  Record header(kCentralHeader);
  header.add(kVersionMadeBy).add(kVersionNeeded).add(kWrittenFlags).add(kStored).add(dos_time_);
  header.add(member.crc).add(in_32_bits(member.bytes)).add(in_32_bits(member.bytes));
  header.add(static_cast<std::uint16_t>(member.name.size()));
  header.add(static_cast<std::uint16_t>(extra == 0 ? 0 : 4 + extra));
  header.add(std::uint16_t{0}).add(std::uint16_t{0}).add(std::uint16_t{0});  // No comment; disk 0; not known as text.
  header.add(kUnixMode).add(in_32_bits(member.header_offset)).add_text(member.name);
  if (extra != 0) header.add(kZip64Extra).add(extra);
  if (sizes != 0) header.add(member.bytes).add(member.bytes);
  if (offset != 0) header.add(member.header_offset);
  return header.bytes();
}

void ZipWriter::put(std::span<const std::byte> bytes) {
  sink_.write(bytes);
  size_ += bytes.size();
}

}  // namespace osbackup::archive
