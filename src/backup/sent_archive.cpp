#include "backup/sent_archive.hpp"

#include <algorithm>
#include <cassert>

namespace osbackup::backup {

void SentArchive::add(std::uint64_t offset, std::span<const std::byte> bytes) {
  assert(offset <= bytes_);
  const std::uint64_t known = bytes_ - offset;
  if (bytes.size() <= known) return;
  bytes = bytes.subspan(static_cast<std::size_t>(known));
  whole_.update(bytes);
  keep_tail(bytes);
  while (!bytes.empty()) {
    if (bytes_ % kPieceBytes == 0) begin_piece();
    const auto here =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), kPieceBytes - bytes_ % kPieceBytes));
    if (place_) piece_.update(bytes.first(here));
    bytes_ += here;
    bytes = bytes.subspan(here);
    if (bytes_ % kPieceBytes == 0) end_piece();
  }
}

void SentArchive::finish() {
  if (bytes_ % kPieceBytes != 0) end_piece();
  sha256_ = whole_.finish();
}

std::span<const std::byte> SentArchive::tail() const noexcept {
  return std::span(tail_).last(std::min(tail_.size(), kTailBytes));
}

void SentArchive::keep_tail(std::span<const std::byte> bytes) {
  const std::span<const std::byte> last = bytes.last(std::min(bytes.size(), kTailBytes));
  // Twice the room, so that small pieces do not move all of it each time.
  if (tail_.size() + last.size() > 2 * kTailBytes)
    tail_.erase(tail_.begin(), tail_.end() - static_cast<std::ptrdiff_t>(kTailBytes - last.size()));
  tail_.insert(tail_.end(), last.begin(), last.end());
}

void SentArchive::begin_piece() {
  const std::uint64_t index = bytes_ / kPieceBytes;
  const std::uint64_t place = index < kPiecesMax ? index : random_below_(index + 1);
  place_ = place < kPiecesMax ? std::optional(static_cast<std::size_t>(place)) : std::nullopt;
  piece_begin_ = bytes_;
}

void SentArchive::end_piece() {
  if (!place_) return;
  const Piece piece{
      .offset = piece_begin_, .bytes = static_cast<std::size_t>(bytes_ - piece_begin_), .digest = piece_.finish()};
  if (*place_ == pieces_.size())
    pieces_.push_back(piece);
  else
    pieces_[*place_] = piece;
}

}  // namespace osbackup::backup
