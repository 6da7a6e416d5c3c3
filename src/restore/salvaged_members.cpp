#include "restore/salvaged_members.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "archive/zip_format.hpp"
#include "archive/zip_records.hpp"
#include "core/error.hpp"

namespace osbackup::restore {
namespace {

using archive::zip::kWrittenDescriptorBytes;
using archive::zip::kWrittenHeaderBytes;

constexpr std::size_t kSearchBytes = 256U << 10U;
/// The longest name of a zip entry that is looked for: a path of 4,095 bytes, all of them encoded.
constexpr std::size_t kNameBytesMax = 16U << 10U;
constexpr std::size_t kEntryHeaderBytesMax = kWrittenHeaderBytes + kNameBytesMax;
/// Bytes that deflate keeps as they are stand in blocks of at most so many (RFC 1951, section 3.2.4).
constexpr std::uint64_t kStoredBytesMax = 65'535;

/// How many members may be tried whether they are whole, which takes up to 2 MiB of content each.
std::uint64_t long_ones_in(std::uint64_t bytes) { return 4 + bytes / kStoredBytesMax; }

constexpr std::string_view kOwnFolder = "osbackup/";

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view member_start() {
  return {reinterpret_cast<const char*>(archive::kMemberHeaderStart.data()), archive::kMemberHeaderStart.size()};
}

bool is_central_header(std::span<const std::byte> bytes) {
  return bytes.size() >= 4 && archive::ZipFields(bytes).u32() == archive::zip::kCentralHeader;
}

}  // namespace

SalvagedMembers::SalvagedMembers(std::shared_ptr<const RangeReader> object, archive::ZipPlace entry,
                                 std::stop_token stop)
    : window_(std::move(object), entry, std::move(stop)),
      at_(entry.offset),
      long_ones_left_(long_ones_in(entry.length)) {}

SalvagedMembers::SalvagedMembers(const std::shared_ptr<const RangeReader>& object, std::stop_token stop)
    : window_(object, {.offset = 0, .length = object->size()}, std::move(stop)),
      is_whole_object_(true),
      is_at_boundary_(true),
      long_ones_left_(long_ones_in(object->size())) {}

std::optional<SalvagedMembers::Piece> SalvagedMembers::next() {
  if (is_nameless_entry_) {
    is_nameless_entry_ = false;
    return Piece{.kind = Piece::Kind::Entry, .offset = at_};
  }
  if (is_at_end_ || at_ == window_.end()) return std::nullopt;
  window_.drop_before(at_);
  if (!is_at_boundary_)
    if (std::optional<Piece> member = take_member()) return member;
  if (is_whole_object_)
    if (std::optional<Piece> entry = take_boundary()) return entry;
  if (is_at_end_ || at_ == window_.end()) return std::nullopt;
  const Piece lost = search();
  return lost.length > 0 ? lost : next();
}

/// The length of the member that seems to begin here.
std::optional<std::uint64_t> SalvagedMembers::length_at(std::uint64_t offset) {
  try {
    const std::uint64_t length =
        archive::member_length(window_.at(offset, archive::kMemberHeaderBytes), window_.end() - offset);
    return length <= kSalvagedMemberBytesMax ? std::optional(length) : std::nullopt;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    return std::nullopt;
  }
}

/// The member that begins here, or that it is lost; nothing when nobody knows where it would end.
std::optional<SalvagedMembers::Piece> SalvagedMembers::take_member() {
  const std::optional<std::uint64_t> length = length_at(at_);
  if (!length) return std::nullopt;
  const auto member = [&] { return window_.at(at_, static_cast<std::size_t>(*length)); };
  try {
    content_ = reader_.content_of(member(), kSalvagedContentMax);
    const Piece piece{.kind = Piece::Kind::Member, .offset = at_, .length = *length, .content = content_};
    at_ += *length;
    return piece;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
  }
  const std::uint64_t end = at_ + *length;
  if (std::optional<Piece> damaged = take_damaged(end)) return damaged;
  if (end != window_.end() && !length_at(end) && !is_end_of_entry(end, entry_begin_)) return std::nullopt;
  return lost(end, remains_.likely_bytes(kSalvagedContentMax));
}

/// The member that begins here and ends there, whatever its header and trailer say; nothing when it cannot be inflated.
std::optional<SalvagedMembers::Piece> SalvagedMembers::take_damaged(std::uint64_t end) {
  remains_ = {};
  if (end - at_ > kSalvagedMemberBytesMax) return std::nullopt;
  remains_ =
      reader_.inflate_damaged(window_.at(at_, static_cast<std::size_t>(end - at_)), kSalvagedContentMax, content_);
  if (!remains_.inflated) return std::nullopt;
  Piece piece = lost(end, remains_.likely_bytes(kSalvagedContentMax));
  piece.content = std::span(content_).first(*remains_.inflated);
  if (remains_.has_its_crc) {
    piece.kind = Piece::Kind::Member;
    piece.lost_content.reset();
  }
  return piece;
}

/// The begin of the next zip entry, if one ends or begins here.
std::optional<SalvagedMembers::Piece> SalvagedMembers::take_boundary() {
  if (!is_at_boundary_) {
    const std::uint64_t behind = at_ + kWrittenDescriptorBytes;
    if (!is_end_of_entry(at_, entry_begin_) && !name_at(behind) && !is_directory_at(behind)) return std::nullopt;
    at_ = behind;
    is_at_boundary_ = true;
    entry_begin_.reset();
  }
  if (std::optional<std::string> name = name_at(at_)) {
    Piece entry{.kind = Piece::Kind::Entry, .offset = at_, .length = kWrittenHeaderBytes + name->size()};
    is_at_end_ = name->starts_with(kOwnFolder);
    if (is_at_end_) return std::nullopt;
    entry.entry = *std::move(name);
    at_ += entry.length;
    is_at_boundary_ = false;
    entry_begin_ = at_;
    return entry;
  }
  is_at_end_ = is_directory_at(at_);
  return std::nullopt;
}

/// The name of the zip entry that begins here.
std::optional<std::string> SalvagedMembers::name_at(std::uint64_t offset) {
  return offset < window_.end() ? archive::written_entry_name(window_.at(offset, kEntryHeaderBytesMax)) : std::nullopt;
}

bool SalvagedMembers::is_directory_at(std::uint64_t offset) {
  return offset < window_.end() && is_central_header(window_.at(offset, 4));
}

/// Whether the zip entry whose content begins there surely ends here.
bool SalvagedMembers::is_end_of_entry(std::uint64_t offset, std::optional<std::uint64_t> entry_begin) {
  if (!is_whole_object_) return offset == window_.end();
  const auto descriptor = archive::written_descriptor(window_.at(offset, kWrittenDescriptorBytes));
  return descriptor && entry_begin && descriptor->bytes == offset - *entry_begin;
}

/// Looks for the next member, and gives what lies before it.
SalvagedMembers::Piece SalvagedMembers::search() {
  dead_ends_.clear();
  std::uint64_t from = is_at_boundary_ ? at_ : at_ + 1;
  while (from < window_.end()) {
    // What stands before a member is looked at once more, and so is all that may be one.
    if (from - at_ > kSalvagedMemberBytesMax)
      window_.drop_before(std::max(at_, from - std::min<std::uint64_t>(from, kEntryHeaderBytesMax)));
    dead_ends_.erase(dead_ends_.begin(), dead_ends_.lower_bound(from));
    const std::string_view text = text_of(window_.at(from, kSearchBytes));
    const std::size_t found = text.find(member_start());
    if (found == std::string_view::npos) {
      if (from + text.size() == window_.end()) break;
      from += text.size() - (member_start().size() - 1);
    } else if (is_confirmed(from + found) || is_whole_and_long(from + found)) {
      return before(from + found);
    } else {
      from += found + 1;
    }
  }
  if (!is_whole_object_)
    if (std::optional<Piece> last = take_damaged(window_.end())) return *last;
  return lost(window_.end());
}

/// Whether the bytes here are a member of the zip entry at hand, and no content: see the class.
bool SalvagedMembers::is_confirmed(std::uint64_t candidate) {
  const bool may_begin_entry = is_at_boundary_ && candidate - at_ <= kEntryHeaderBytesMax;
  const std::optional<std::uint64_t> entry_begin = may_begin_entry ? candidate : entry_begin_;
  std::vector<std::uint64_t> chain;
  std::uint64_t at = candidate;
  while (!dead_ends_.contains(at)) {
    if (at - candidate > kSalvagedMemberBytesMax || is_end_of_entry(at, entry_begin)) return true;
    chain.push_back(at);
    if (const std::optional<std::uint64_t> length = length_at(at)) {
      at += *length;
      continue;
    }
    // It may lead on through small entries of the zip; but that one of them ends is no proof, a whole small archive may
    // lie in a member.
    const std::optional<std::string> name = is_whole_object_ ? name_at(at + kWrittenDescriptorBytes) : std::nullopt;
    if (!name) break;
    at += kWrittenDescriptorBytes + kWrittenHeaderBytes + name->size();
  }
  // What may begin an entry is judged by another measure.
  if (!may_begin_entry) dead_ends_.insert(chain.begin(), chain.end());
  return false;
}

/// Whether a member begins here that no other member can hold as it is.
bool SalvagedMembers::is_whole_and_long(std::uint64_t candidate) {
  const std::optional<std::uint64_t> length = length_at(candidate);
  if (!length || *length <= kStoredBytesMax || long_ones_left_ == 0) return false;
  --long_ones_left_;
  try {
    reader_.content_of(window_.at(candidate, static_cast<std::size_t>(*length)), kSalvagedContentMax);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    return false;
  }
}

/// What lies before a member that was found, or before the header of the zip entry that it begins.
SalvagedMembers::Piece SalvagedMembers::before(std::uint64_t member) {
  if (!is_at_boundary_)
    if (std::optional<Piece> damaged = take_damaged(member)) return *damaged;
  if (!is_whole_object_) return lost(member);
  for (std::uint64_t bytes = kWrittenHeaderBytes; bytes <= std::min<std::uint64_t>(kEntryHeaderBytesMax, member - at_);
       ++bytes) {
    const std::optional<std::string> name = name_at(member - bytes);
    if (!name || kWrittenHeaderBytes + name->size() != bytes) continue;
    is_at_boundary_ = true;
    return lost(member - bytes);
  }
  if (std::exchange(is_at_boundary_, false)) {
    is_nameless_entry_ = true;
    if (member - at_ <= kEntryHeaderBytesMax) entry_begin_ = member;
  }
  return lost(member);
}

SalvagedMembers::Piece SalvagedMembers::lost(std::uint64_t end, std::optional<std::uint64_t> content) {
  Piece piece{.kind = Piece::Kind::Lost, .offset = at_, .length = end - at_, .lost_content = content};
  at_ = end;
  return piece;
}

}  // namespace osbackup::restore
