#include "restore/large_file.hpp"

#include <algorithm>
#include <utility>

#include "archive/tar_reader.hpp"
#include "core/error.hpp"
#include "restore/memory_source.hpp"

namespace osbackup::restore {

LargeFile::LargeFile(const PlannedObject& object, std::unique_ptr<Receiver> receiver)
    : object_(object), receiver_(std::move(receiver)) {}

bool LargeFile::take(const TarSlice& slice) {
  if (slice.number == 0) begin(slice);
  if (!wait_for_begin()) return false;
  const std::vector<Piece> pieces = pieces_of(slice);
  for (const Piece& piece : pieces) receiver_->write(piece.offset, piece.bytes);
  hash(slice, pieces);
  return end_slice(slice);
}

bool LargeFile::fail() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(has_failed_, true)) return false;
  }
  give_up_.request_stop();
  begun_.notify_all();
  return true;
}

/// Reads the headers, which are all in the first slice.
void LargeFile::begin(const TarSlice& slice) {
  MemorySource source(slice.bytes, 0);
  archive::TarReader tar(source);
  const archive::Entry entry = read_entry(tar, object_);
  receiver_->begin(entry);
  header_bytes_ = source.position();
  stored_bytes_ = tar.content_left();
  size_ = entry.size;
  extents_ = archive::content_extents(entry);
  is_hashed_ = size_ - stored_bytes_ <= kHashedHolesMax;
  {
    const std::scoped_lock lock(mutex_);
    has_begun_ = true;
  }
  begun_.notify_all();
}

bool LargeFile::wait_for_begin() {
  std::unique_lock lock(mutex_);
  begun_.wait(lock, [this] { return has_begun_ || has_failed_; });
  return !has_failed_;
}

std::vector<LargeFile::Piece> LargeFile::pieces_of(const TarSlice& slice) const {
  const std::uint64_t slice_end = slice.offset + slice.bytes.size();
  const std::uint64_t content_end = header_bytes_ + stored_bytes_;
  const std::uint64_t padding_end = header_bytes_ + archive::in_whole_records(stored_bytes_);
  if (slice_end > padding_end || (slice.is_last && slice_end < content_end))
    throw Error(ErrorKind::Corrupt, "its gzip members do not hold as much as its header says");
  std::vector<Piece> pieces;
  std::uint64_t stored_offset = 0;  // Of the extent, among the content in the tar.
  for (const archive::Extent& extent : extents_) {
    const std::uint64_t extent_begin = header_bytes_ + stored_offset;
    const std::uint64_t begin = std::max(extent_begin, slice.offset);
    const std::uint64_t end = std::min(extent_begin + extent.length, slice_end);
    if (begin < end)
      pieces.push_back({.offset = extent.offset + (begin - extent_begin),
                        .bytes = slice.bytes.subspan(static_cast<std::size_t>(begin - slice.offset),
                                                     static_cast<std::size_t>(end - begin))});
    stored_offset += extent.length;
  }
  return pieces;
}

void LargeFile::hash(const TarSlice& slice, const std::vector<Piece>& pieces) {
  if (!is_hashed_ || !object_.line.digest) return;
  const std::stop_token stop = give_up_.get_token();
  digest_.wait_for_turn_of(slice.number, stop);
  for (const Piece& piece : pieces) digest_.update(piece.offset, piece.bytes, stop);
  if (slice.is_last) require_digest(object_, digest_.finish(size_, stop));
  digest_.end_turn();
}

bool LargeFile::end_slice(const TarSlice& slice) {
  {
    const std::scoped_lock lock(mutex_);
    if (slice.is_last) count_ = slice.number + 1;
    if (++ended_ != count_ || has_failed_) return false;
  }
  receiver_->finish();
  return true;
}

}  // namespace osbackup::restore
