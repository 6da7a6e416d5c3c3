#include "backup/linked_objects.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace osbackup::backup {
namespace {

constexpr std::size_t kPlacesMin = 64;
/// Records begin at multiples of it, so that their numbers, 32 bits wide, reach far.
constexpr std::uint64_t kRecordUnit = 16;

}  // namespace

std::uint32_t OpenLinkTable::hash_of(const ObjectIdentity& identity) noexcept {
  // Inode numbers are dense, so every bit of them must reach every bit of the hash: two rounds of multiply and fold.
  std::uint64_t mixed = identity.second + 0x9E3779B97F4A7C15ULL * (identity.first + 1);
  for (int round = 0; round < 2; ++round) {
    mixed ^= mixed >> 32U;
    mixed *= 0xD6E8FEB86659FD93ULL;
  }
  return static_cast<std::uint32_t>(mixed >> 32U);
}

void OpenLinkTable::insert(const Entry& entry) {
  assert(entry.record != 0);
  if (entries_.size() - entries_.size() / 8 <= size_) {
    std::vector<Entry> old(std::max(kPlacesMin, entries_.size() * 2));
    old.swap(entries_);
    for (const Entry& there : old)
      if (there.record != 0) put(there);
  }
  put(entry);
  ++size_;
}

void OpenLinkTable::put(const Entry& entry) {
  std::size_t place = home_of(entry.hash);
  while (entries_[place].record != 0) place = next(place);
  entries_[place] = entry;
}

void OpenLinkTable::erase(const Entry* entry) {
  std::size_t hole = static_cast<std::size_t>(entry - entries_.data());
  // What was put behind the hole because it was taken moves up, so that looking may stop at an empty place.
  for (std::size_t place = next(hole); entries_[place].record != 0; place = next(place)) {
    const std::size_t wanted = home_of(entries_[place].hash);
    const std::size_t mask = entries_.size() - 1;
    if (((place - wanted) & mask) < ((place - hole) & mask)) continue;
    entries_[hole] = entries_[place];
    hole = place;
  }
  entries_[hole] = {};
  --size_;
}

void OpenLinkTable::clear() noexcept {
  entries_ = {};
  size_ = 0;
}

/// How a record begins in the file; the first path follows.
struct LinkedObjects::Header {
  dev_t device = 0;
  ino_t inode = 0;
  mode_t type = 0;
  std::uint32_t has_digest = 0;
  std::int64_t mtime_seconds = 0;
  std::int64_t mtime_nanoseconds = 0;
  std::uint64_t size = 0;
  std::uint64_t path_bytes = 0;
  crypto::Sha256Digest digest{};

  bool is_same_object(const Header& other) const {
    return type == other.type && size == other.size && mtime_seconds == other.mtime_seconds &&
           mtime_nanoseconds == other.mtime_nanoseconds;
  }
};

LinkedObjects::LinkedObjects(const std::filesystem::path& directory) : records_(directory, "the list of hard links") {
  // So that no record is the one with number 0.
  records_.write(std::array<std::byte, kRecordUnit>{});
}

LinkedObjects::Header LinkedObjects::header_of(std::uint64_t record) const {
  Header header;
  records_.read(record * kRecordUnit, std::as_writable_bytes(std::span(&header, 1)));
  return header;
}

LinkedObjects::Header LinkedObjects::header_for(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .type = status.st_mode & S_IFMT,
          .mtime_seconds = status.st_mtim.tv_sec,
          .mtime_nanoseconds = status.st_mtim.tv_nsec,
          .size = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0};
}

std::optional<LinkedObject> LinkedObjects::take_name(const struct stat& status) {
  const Header wanted = header_for(status);
  Header header;
  OpenLinkTable::Entry* const entry =
      open_.find(OpenLinkTable::hash_of({wanted.device, wanted.inode}), [&](std::uint32_t record) {
        header = header_of(record);
        return header.device == wanted.device && header.inode == wanted.inode;
      });
  if (entry == nullptr) return std::nullopt;
  if (!header.is_same_object(wanted)) {
    open_.erase(entry);
    return std::nullopt;
  }
  LinkedObject object{.record = entry->record, .first_path = std::string(header.path_bytes, '\0'), .size = header.size};
  records_.read(entry->record * kRecordUnit + sizeof(Header), std::as_writable_bytes(std::span(object.first_path)));
  if (--entry->names_left == 0) open_.erase(entry);
  return object;
}

LinkedObject LinkedObjects::add(const struct stat& status, std::string first_path) {
  Header header = header_for(status);
  header.path_bytes = first_path.size();
  const std::uint64_t record = records_.size() / kRecordUnit;
  const std::uint64_t bytes = sizeof(Header) + first_path.size();
  std::vector<std::byte> text((bytes + kRecordUnit - 1) / kRecordUnit * kRecordUnit);
  static_assert(std::is_trivially_copyable_v<Header>);
  std::memcpy(text.data(), &header, sizeof(Header));
  std::memcpy(text.data() + sizeof(Header), first_path.data(), first_path.size());
  records_.write(text);
  constexpr std::uint64_t kNumberMax = std::numeric_limits<std::uint32_t>::max();
  // One that cannot be numbered is not found again: its other names carry the content once more.
  if (status.st_nlink > 1 && record <= kNumberMax)
    open_.insert({.hash = OpenLinkTable::hash_of({header.device, header.inode}),
                  .names_left = static_cast<std::uint32_t>(std::min<std::uint64_t>(status.st_nlink - 1, kNumberMax)),
                  .record = static_cast<std::uint32_t>(record)});
  return {.record = record, .first_path = std::move(first_path), .size = header.size};
}

void LinkedObjects::set_digest(std::uint64_t record, const crypto::Sha256Digest& digest) {
  Header header = header_of(record);
  header.has_digest = 1;
  header.digest = digest;
  records_.overwrite(record * kRecordUnit, std::as_bytes(std::span(&header, 1)));
}

std::optional<crypto::Sha256Digest> LinkedObjects::digest(std::uint64_t record) const {
  const Header header = header_of(record);
  return header.has_digest != 0 ? std::optional(header.digest) : std::nullopt;
}

}  // namespace osbackup::backup
