#include "restore/file_salvage.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "archive/gzip_member.hpp"
#include "archive/tar_reader.hpp"
#include "archive/tar_writer.hpp"
#include "restore/content_pieces.hpp"
#include "restore/member_check.hpp"
#include "restore/memory_source.hpp"
#include "restore/object_work.hpp"

namespace osbackup::restore {
namespace {

using archive::kMemberContentMax;

/// No file that is stored has more; below it places are reckoned without overflow.
constexpr std::uint64_t kStoredBytesMax = std::uint64_t{1} << 62U;

const std::string kMapLost =
    "; its first gzip member, which has the map of its holes, is damaged: nobody knows where the rest belongs";
const std::string kAttributesLost = "; its extended attributes are lost, so only its owner has any rights";
constexpr mode_t kRightsOfOthers = 07077;

bool is_lost(const SalvagedMembers::Piece& piece) { return piece.kind == SalvagedMembers::Piece::Kind::Lost; }

bool is_open(const SalvagedMembers::Piece& piece) {
  return is_lost(piece) && piece.content.empty() && !piece.lost_content;
}

/// Whether it surely holds as much as is expected: bytes that only the trailer of something that cannot be inflated
/// speaks of may be damaged as well, but then they are no whole MiB.
bool is_sure(const SalvagedMembers::Piece& piece) {
  if (!is_lost(piece)) return true;
  return piece.lost_content && (!piece.content.empty() || *piece.lost_content == kMemberContentMax);
}

/// How much tar a piece holds: of a lost one, what it inflates to or says, or as much as our writer fills a member of a
/// large file with.
std::uint64_t expected_bytes(const SalvagedMembers::Piece& piece) {
  if (is_open(piece)) return kMemberContentMax;
  return piece.lost_content.value_or(piece.content.size());
}

}  // namespace

void FileSalvage::Survey::add(const Piece& piece) {
  const std::uint64_t expected = expected_bytes(piece);
  ++pieces;
  lost += is_lost(piece) ? 1 : 0;
  bytes_after = is_lost(piece) ? 0 : bytes_after + expected;
  bytes += expected;
}

FileSalvage::FileSalvage(const PlannedObject& object, FileSpan span) : object_(object), span_(std::move(span)) {}

FileOutcome FileSalvage::run(Receiver& receiver, bool has_begun, const Error& why) {
  survey();
  if (entry_) {
    begin_ = place_of_first();
    is_whole_ = is_all_right();
  }
  // In one member there is nothing that was not tried before.
  if (all_.pieces < 2) return {.lost = why, .damage = {}};
  const Error known(why.kind(), why.what() + loss_);
  if (!entry_ || (!is_map_sure_ && !is_whole_)) return {.lost = known, .damage = {}};
  if (has_begun) {
    receiver.forget_content();
  } else {
    receiver.begin(*entry_);
  }
  ContentLoss loss(entry_->size, extents_);
  give_content(receiver, loss, known);
  if (!is_whole_) return {.lost = loss.keep_rest(receiver), .damage = {}};
  receiver.finish();
  return {.lost = {}, .damage = why};
}

void FileSalvage::survey() {
  SalvagedMembers members(span_.archive, span_.place, span_.stop);
  while (const std::optional<Piece> piece = members.next()) {
    if (all_.pieces == 0) read_headers(*piece);
    hash(*piece);
    // Where lost headers end is not known anyway.
    const bool counts = all_.pieces > 0 || has_headers_;
    unsure_ += counts && !is_sure(*piece) ? 1 : 0;
    is_last_open_ = is_open(*piece);
    all_.add(*piece);
  }
  if (is_last_open_) all_.bytes -= kMemberContentMax;
}

void FileSalvage::read_headers(const Piece& first) {
  const archive::IndexEntry& line = object_.line;
  if (line.entry.type != archive::EntryType::File) return;
  try {
    MemorySource source(first.content, 0);
    archive::TarReader tar(source);
    archive::Entry entry = read_entry(tar, object_);
    // Without its CRC the index alone vouches for them, and only the digest for a map.
    if (is_lost(first) && !differences(line, entry).empty()) return take_line();
    is_map_sure_ = !is_lost(first) || !entry.sparse;
    if (!is_map_sure_) loss_ = kMapLost;
    has_headers_ = true;
    take_headers(std::move(entry), source.position(), tar.content_left());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    // Else the tar and the index contradict each other.
    if (is_lost(first)) take_line();
  }
}

/// In place of lost headers.
void FileSalvage::take_line() {
  const archive::IndexEntry& line = object_.line;
  if (line.has_holes) {
    loss_ = kMapLost;
    return;
  }
  archive::Entry entry = line.entry;
  // An ACL may have taken rights away.
  if (line.attributes_digest) {
    loss_ = kAttributesLost;
    entry.mode &= ~kRightsOfOthers;
  }
  take_headers(std::move(entry), 0, line.entry.size);
}

void FileSalvage::take_headers(archive::Entry entry, std::uint64_t header_bytes, std::uint64_t stored_bytes) {
  if (stored_bytes > kStoredBytesMax) return;
  header_bytes_ = header_bytes;
  stored_bytes_ = stored_bytes;
  extents_ = archive::content_extents(entry);
  is_hashed_ = has_headers_ && object_.line.digest && entry.size - stored_bytes <= kHashedHolesMax;
  entry_ = std::move(entry);
}

void FileSalvage::hash(const Piece& piece) {
  is_hashed_ = is_hashed_ && !(is_lost(piece) && piece.content.empty());
  if (!is_hashed_) return;
  const std::uint64_t skip = header_bytes_ - std::min(header_bytes_, all_.bytes);
  if (skip >= piece.content.size()) return;
  for (const ContentPiece& each : content_pieces(extents_, all_.bytes + skip - header_bytes_,
                                                 piece.content.subspan(static_cast<std::size_t>(skip))))
    digest_.update(each.offset, each.bytes, span_.stop);
}

/// Of the tar's records.
std::int64_t FileSalvage::end_of_content() const {
  return static_cast<std::int64_t>(archive::in_whole_records(stored_bytes_));
}

/// Where the first piece begins, if all of them make up the file. When the lengths do not have to come to one sum, what
/// is wrong with another would not be seen.
std::optional<std::int64_t> FileSalvage::place_of_first() const {
  constexpr auto kLengthMax = static_cast<std::int64_t>(kMemberContentMax);
  const auto bytes = static_cast<std::int64_t>(all_.bytes);
  const auto headers = static_cast<std::int64_t>(header_bytes_);
  const auto is_length = [](std::int64_t length) { return length > 0 && length <= kLengthMax; };
  if (has_headers_ && is_last_open_) {
    const bool is_right = unsure_ == 1 && is_length(headers + end_of_content() - bytes);
    return is_right ? std::optional(-headers) : std::nullopt;
  }
  if (has_headers_) return bytes == headers + end_of_content() ? std::optional(-headers) : std::nullopt;
  // Some headers have to be left.
  const bool is_right = unsure_ == 0 && is_length(bytes - end_of_content());
  return is_right ? std::optional(end_of_content() - bytes) : std::nullopt;
}

bool FileSalvage::is_all_right() {
  if (!begin_ || !has_headers_) return false;
  if (is_hashed_) return digest_.finish(entry_->size, span_.stop) == *object_.line.digest;
  const bool has_no_word = !object_.line.digest || entry_->size - stored_bytes_ > kHashedHolesMax;
  return has_no_word && all_.lost == 0;
}

/// Where a piece begins, when so much lies before it; nothing when nobody knows.
std::optional<std::int64_t> FileSalvage::place_of(const Survey& before, bool is_lost) const {
  if (begin_) return *begin_ + static_cast<std::int64_t>(before.bytes);
  if (before.lost == 0 && has_headers_)
    return static_cast<std::int64_t>(before.bytes) - static_cast<std::int64_t>(header_bytes_);
  if (before.lost == all_.lost && !is_lost)
    return end_of_content() - static_cast<std::int64_t>(all_.bytes_after - before.bytes_after);
  return std::nullopt;
}

void FileSalvage::give_content(Receiver& receiver, ContentLoss& loss, const Error& why) {
  SalvagedMembers members(span_.archive, span_.place, span_.stop);
  Survey before;
  std::uint64_t end = 0;  // Of the content that was given, as it is stored.
  const auto lose_up_to = [&](std::uint64_t begin) {
    if (begin > end) loss.add({.offset = end, .length = begin - end}, why.what());
    end = std::max(end, begin);
  };
  const auto give = [&](std::int64_t place, std::span<const std::byte> bytes) {
    const std::int64_t skip = std::max(static_cast<std::int64_t>(end) - place, std::int64_t{0});
    if (skip >= static_cast<std::int64_t>(bytes.size())) return;
    const auto content = bytes.subspan(static_cast<std::size_t>(skip));
    const auto begin = static_cast<std::uint64_t>(place + skip);
    lose_up_to(std::min(begin, stored_bytes_));
    for (const ContentPiece& each : content_pieces(extents_, begin, content)) receiver.write(each.offset, each.bytes);
    end = std::clamp<std::uint64_t>(begin + content.size(), end, stored_bytes_);
  };
  while (const std::optional<Piece> piece = members.next()) {
    const std::optional<std::int64_t> place = place_of(before, is_lost(*piece));
    if (place && (is_whole_ || !is_lost(*piece))) give(*place, piece->content);
    before.add(*piece);
  }
  lose_up_to(stored_bytes_);
  if (!is_whole_ && loss.is_none()) loss.add({.offset = stored_bytes_, .length = 0}, why.what());
}

}  // namespace osbackup::restore
