#include "restore/large_file.hpp"

#include <algorithm>
#include <utility>

#include "archive/tar_reader.hpp"
#include "core/error.hpp"
#include "restore/memory_source.hpp"

namespace osbackup::restore {

LargeFile::LargeFile(const PlannedObject& object, std::unique_ptr<Receiver> receiver, WhenDamaged when_damaged)
    : object_(object), receiver_(std::move(receiver)), when_damaged_(when_damaged), has_failed_(!receiver_) {}

bool LargeFile::take(const TarSlice& slice) {
  if (slice.number == 0 && receiver_) begin(slice);
  if (!wait_for_begin()) return false;
  const std::uint64_t slice_end = slice.offset + slice.bytes.size();
  try {
    write(slice);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt || when_damaged_ == WhenDamaged::GiveUp) throw;
    const bool is_written = slice_end <= padding_end();
    note_loss(is_written ? archive::Extent{.offset = slice_end, .length = 0}
                         : archive::Extent{.offset = slice.offset, .length = slice.bytes.size()},
              error);
  }
  return end_slice(slice.is_last ? std::optional(slice.number + 1) : std::nullopt, slice_end);
}

void LargeFile::lose(const LostSlice& slice, const Error& why) {
  if (slice.number == 0 || when_damaged_ == WhenDamaged::GiveUp) throw why;
  if (!wait_for_begin()) return;
  note_loss({.offset = slice.offset, .length = slice.length}, why);
  end_slice(slice.is_last ? std::optional(slice.number + 1) : std::nullopt, slice.offset + slice.length);
}

void LargeFile::lose_from(std::size_t number, std::uint64_t offset, const Error& why) {
  if (when_damaged_ == WhenDamaged::GiveUp) throw why;
  {
    const std::scoped_lock lock(mutex_);
    count_ = number;
    end_ = offset;
    cut_off_ = why;
    if (ended_ != count_ || has_failed_) return;
  }
  end_object();
}

bool LargeFile::fail() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(has_failed_, true)) return false;
  }
  no_digest_.request_stop();
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
    loss_.emplace(size_, extents_);
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

void LargeFile::write(const TarSlice& slice) {
  const std::uint64_t slice_end = slice.offset + slice.bytes.size();
  const Error misfit(ErrorKind::Corrupt, "its gzip members do not hold as much as its header says");
  if (slice_end > padding_end()) throw misfit;
  const std::vector<Piece> pieces = pieces_of(slice);
  for (const Piece& piece : pieces) receiver_->write(piece.offset, piece.bytes);
  if (slice.is_last && slice_end < header_bytes_ + stored_bytes_) throw misfit;
  hash(slice, pieces);
}

void LargeFile::hash(const TarSlice& slice, const std::vector<Piece>& pieces) {
  if (!is_hashed_ || !object_.line.digest) return;
  const std::stop_token stop = no_digest_.get_token();
  try {
    digest_.wait_for_turn_of(slice.number, stop);
    for (const Piece& piece : pieces) digest_.update(piece.offset, piece.bytes, stop);
    if (slice.is_last) require_digest(object_, digest_.finish(size_, stop));
    digest_.end_turn();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Cancelled) throw;
  }
}

/// A stretch without length: something is wrong with what comes before it, or is missing behind it.
void LargeFile::note_loss(archive::Extent in_tar, const Error& why) {
  {
    const auto in_content = [&](std::uint64_t offset) {
      return std::clamp(offset, header_bytes_, header_bytes_ + stored_bytes_) - header_bytes_;
    };
    const std::uint64_t begin = in_content(in_tar.offset);
    const std::scoped_lock lock(mutex_);
    loss_->add({.offset = begin, .length = in_content(in_tar.offset + in_tar.length) - begin}, why.what());
  }
  no_digest_.request_stop();
}

/// `count`: of all slices, when this is the last.
bool LargeFile::end_slice(std::optional<std::size_t> count, std::uint64_t slice_end) {
  {
    const std::scoped_lock lock(mutex_);
    if (count) {
      count_ = count;
      end_ = slice_end;
    }
    if (++ended_ != count_ || has_failed_) return false;
  }
  return end_object();
}

/// All slices are through, so no other thread is at work here.
bool LargeFile::end_object() {
  if (cut_off_) note_loss({.offset = end_, .length = padding_end() - std::min(end_, padding_end())}, *cut_off_);
  if (loss_->is_none()) {
    receiver_->finish();
    return true;
  }
  // Slices behind a lost one were written where the lengths that members say put them: do they make up the whole?
  if (cut_off_ ? end_ > padding_end() : end_ != padding_end()) loss_->lose_behind_first();
  throw loss_->keep_rest(*receiver_);
}

}  // namespace osbackup::restore
