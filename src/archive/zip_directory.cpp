#include "archive/zip_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "archive/zip_format.hpp"
#include "archive/zip_records.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

constexpr std::uint64_t kCentralRecordBytesMin = 46;

std::string quoted(const ZipEntry& entry) { return "\"" + printable(entry.name) + "\""; }

}  // namespace

ZipDirectory::ZipDirectory(std::shared_ptr<const RangeReader> zip) : zip_(std::move(zip)) {
  const ZipDirectoryPlace place = find_zip_directory(*zip_);
  if (place.bytes > kZipDirectoryBytesMax)
    throw Error(ErrorKind::Corrupt, fmt::format("the zip's central directory has {} bytes; at most {} are read",
                                                place.bytes, kZipDirectoryBytesMax));
  if (place.count > place.bytes / kCentralRecordBytesMin)
    throw Error(ErrorKind::Corrupt, fmt::format("the zip's central directory cannot hold {} entries in {} bytes",
                                                place.count, place.bytes));
  std::vector<std::byte> bytes(static_cast<std::size_t>(place.bytes));
  zip_->read(place.offset, bytes);
  ZipFields fields(bytes);
  while (fields.left() != 0) {
    const std::uint64_t offset = place.offset + bytes.size() - fields.left();
    try {
      entries_.push_back(take_central_record(fields));
    } catch (const Error& error) {
      throw error.within(fmt::format("the zip's central directory, record {} at byte {}", entries_.size() + 1, offset));
    }
  }
  if (entries_.size() != place.count)
    throw Error(ErrorKind::Corrupt,
                fmt::format("the zip's central directory has {} entries and says {}", entries_.size(), place.count));
  sort_by_name();
  set_limits(place.offset);
}

void ZipDirectory::sort_by_name() {
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::sort(by_name_.begin(), by_name_.end(), [&](auto a, auto b) { return entries_[a].name < entries_[b].name; });
  const auto twice = std::adjacent_find(by_name_.begin(), by_name_.end(),
                                        [&](auto a, auto b) { return entries_[a].name == entries_[b].name; });
  if (twice != by_name_.end())
    throw Error(ErrorKind::Corrupt,
                fmt::format("the zip's central directory has two entries {}", quoted(entries_[*twice])));
}

void ZipDirectory::set_limits(std::uint64_t directory_offset) {
  std::vector<std::size_t> by_place(entries_.size());
  std::iota(by_place.begin(), by_place.end(), std::size_t{0});
  std::sort(by_place.begin(), by_place.end(),
            [&](auto a, auto b) { return entries_[a].header_offset > entries_[b].header_offset; });
  // From the last one on, so that what follows each is known.
  std::uint64_t limit = directory_offset;
  for (const std::size_t number : by_place) {
    ZipEntry& entry = entries_[number];
    const std::uint64_t header_bytes = zip::kLocalHeaderBytes + entry.name.size();
    if (entry.header_offset > limit || header_bytes > limit - entry.header_offset ||
        entry.packed_bytes > limit - entry.header_offset - header_bytes)
      throw Error(ErrorKind::Corrupt, fmt::format("the zip's central directory, entry {} at byte {}: its {} bytes "
                                                  "reach into what follows at byte {}",
                                                  quoted(entry), entry.header_offset, entry.packed_bytes, limit));
    entry.end_limit = limit;
    limit = entry.header_offset;
  }
}

const ZipEntry* ZipDirectory::find(std::string_view name) const {
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](std::size_t number, std::string_view wanted) { return entries_[number].name < wanted; });
  return found != by_name_.end() && entries_[*found].name == name ? &entries_[*found] : nullptr;
}

std::uint64_t ZipDirectory::data_offset(const ZipEntry& entry) const {
  try {
    return check_local_header(*zip_, entry);
  } catch (const Error& error) {
    throw error.within(fmt::format("the zip's local header of {} at byte {}", quoted(entry), entry.header_offset));
  }
}

}  // namespace osbackup::archive
