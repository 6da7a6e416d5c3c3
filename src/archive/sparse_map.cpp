#include "archive/sparse_map.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "archive/tar_number.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

constexpr auto kFileBytesMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::Corrupt, "the map of a sparse file " + why); }

std::uint64_t number(std::string_view digits) {
  const auto value = decimal_number(digits);
  if (!value) refuse("has something else than numbers in it");
  return *value;
}

/// Reads the lines of a map record by record.
class MapLines {
 public:
  MapLines(TarInput& input, std::uint64_t bytes_max) : input_(input), bytes_max_(bytes_max) {}

  std::uint64_t next() {
    std::string line;
    for (char letter = next_letter(); letter != '\n'; letter = next_letter()) {
      constexpr std::size_t kDigitsMax = 20;  // Of 2^64 - 1.
      if (line.size() == kDigitsMax) refuse("has something else than numbers in it");
      line += letter;
    }
    return number(line);
  }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  char next_letter() {
    if (at_ == record_.size()) {
      if (bytes_max_ - bytes_ < record_.size()) refuse("is longer than the content that it begins");
      record_ = input_.record();
      bytes_ += record_.size();
      at_ = 0;
    }
    return record_[at_++];
  }

  TarInput& input_;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  TarRecord record_{};
  std::size_t at_ = kTarRecordBytes;
};

}  // namespace

void SparseMap::add(Extent extent) {
  if (++count_ > kExtentsReadMax) refuse("has more than " + std::to_string(kExtentsReadMax) + " extents");
  if (extent.offset < end_) refuse("has extents that overlap or are not in order");
  if (extent.offset > kFileBytesMax || extent.length > kFileBytesMax - extent.offset)
    refuse("has an extent that ends beyond what a file can hold");
  end_ = extent.offset + extent.length;
  stored_bytes_ += extent.length;
  if (extent.length > 0) extents_.push_back(extent);
}

void SparseMap::add_list(std::string_view numbers) {
  while (!numbers.empty()) {
    Extent extent;
    for (std::uint64_t* const field : {&extent.offset, &extent.length}) {
      const std::size_t comma = std::min(numbers.find(','), numbers.size());
      *field = number(numbers.substr(0, comma));
      numbers.remove_prefix(std::min(comma + 1, numbers.size()));
    }
    add(extent);
  }
}

std::uint64_t SparseMap::read_from_content(TarInput& input, std::uint64_t content_bytes) {
  MapLines lines(input, content_bytes);
  for (std::uint64_t left = lines.next(); left > 0; --left) {
    const std::uint64_t offset = lines.next();
    add({.offset = offset, .length = lines.next()});
  }
  return lines.bytes();
}

void SparseMap::read_behind_header(const TarRecord& header, TarInput& input) {
  constexpr std::size_t kFieldsOffset = 386;
  constexpr std::size_t kFieldsInHeader = 4;
  constexpr std::size_t kGoesOnOffset = 482;
  constexpr std::size_t kFieldsInRecord = 21;
  constexpr std::size_t kGoesOnOffsetInRecord = 504;
  add_fields(header, kFieldsOffset, kFieldsInHeader);
  bool goes_on = header[kGoesOnOffset] != '\0';
  while (goes_on) {
    const TarRecord record = input.record();
    add_fields(record, 0, kFieldsInRecord);
    goes_on = record[kGoesOnOffsetInRecord] != '\0';
  }
}

void SparseMap::add_fields(const TarRecord& record, std::size_t offset, std::size_t count) {
  constexpr std::size_t kFieldBytes = 12;
  for (const std::size_t end = offset + count * 2 * kFieldBytes; offset < end; offset += 2 * kFieldBytes) {
    if (record[offset + kFieldBytes] == '\0') break;
    const auto begin = tar_number({record.data() + offset, kFieldBytes});
    const auto length = tar_number({record.data() + offset + kFieldBytes, kFieldBytes});
    if (!begin || !length || *begin < 0 || *length < 0) refuse("has something else than numbers in it");
    add({.offset = static_cast<std::uint64_t>(*begin), .length = static_cast<std::uint64_t>(*length)});
  }
}

std::vector<Extent> SparseMap::extents(std::uint64_t size, std::uint64_t stored_bytes) && {
  if (end_ > size) refuse("goes beyond the " + std::to_string(size) + " bytes of the file");
  if (stored_bytes_ != stored_bytes)
    refuse("has " + std::to_string(stored_bytes_) + " bytes of data, and the tar " + std::to_string(stored_bytes));
  return std::move(extents_);
}

}  // namespace osbackup::archive
