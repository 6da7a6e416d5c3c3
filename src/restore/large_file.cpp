#include "restore/large_file.hpp"

#include <algorithm>
#include <utility>

#include "archive/tar_reader.hpp"
#include "core/error.hpp"
#include "restore/memory_source.hpp"

namespace osbackup::restore {

LargeFile::LargeFile(const PlannedObject& object, std::unique_ptr<Receiver> receiver, std::optional<FileSpan> span)
    : object_(object), receiver_(std::move(receiver)), span_(std::move(span)), has_failed_(!receiver_) {}

std::optional<FileOutcome> LargeFile::take(const TarSlice& slice) {
  try {
    if (slice.number == 0 && receiver_) begin(slice);
    if (wait_for_begin()) take_content(slice);
  } catch (const Error& error) {
    note_damage(slice.number, error);
  }
  return end_slice(slice.is_last ? std::optional(slice.number + 1) : std::nullopt);
}

std::optional<Error> LargeFile::damage_before(std::size_t number) const {
  const std::scoped_lock lock(mutex_);
  return damaged_ < number ? damage_ : std::nullopt;
}

std::optional<FileOutcome> LargeFile::lose(std::size_t number, bool is_last, const Error& why) {
  note_damage(number, why);
  return end_slice(is_last ? std::optional(number + 1) : std::nullopt);
}

std::optional<FileOutcome> LargeFile::lose_from(std::size_t number, const Error& why) {
  note_damage(number, why);
  {
    const std::scoped_lock lock(mutex_);
    count_ = number;
    if (ended_ != count_ || has_failed_) return std::nullopt;
  }
  return end_object();
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
    has_begun_ = true;
  }
  begun_.notify_all();
}

/// False when nothing more is to be done with slices.
bool LargeFile::wait_for_begin() {
  std::unique_lock lock(mutex_);
  begun_.wait(lock, [this] { return has_begun_ || has_failed_ || damage_; });
  return !has_failed_ && !damage_;
}

void LargeFile::take_content(const TarSlice& slice) {
  const std::uint64_t slice_end = slice.offset + slice.bytes.size();
  const Error misfit(ErrorKind::Corrupt, "its gzip members do not hold as much as its header says");
  if (slice_end > header_bytes_ + archive::in_whole_records(stored_bytes_)) throw misfit;
  const std::uint64_t begin = std::clamp(header_bytes_, slice.offset, slice_end);
  const auto content = slice.bytes.subspan(static_cast<std::size_t>(begin - slice.offset));
  const std::vector<ContentPiece> pieces = content_pieces(extents_, begin - std::min(begin, header_bytes_), content);
  for (const ContentPiece& piece : pieces) receiver_->write(piece.offset, piece.bytes);
  if (slice.is_last && slice_end < header_bytes_ + stored_bytes_) throw misfit;
  hash(slice, pieces);
}

void LargeFile::hash(const TarSlice& slice, const std::vector<ContentPiece>& pieces) {
  if (!is_hashed_ || !object_.line.digest) return;
  const std::stop_token stop = no_digest_.get_token();
  try {
    digest_.wait_for_turn_of(slice.number, stop);
    for (const ContentPiece& piece : pieces) digest_.update(piece.offset, piece.bytes, stop);
    if (slice.is_last) require_digest(object_, digest_.finish(size_, stop));
    digest_.end_turn();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Cancelled) throw;
  }
}

/// To be called in a handler, or with what nobody threw.
void LargeFile::note_damage(std::size_t number, const Error& why) {
  if (why.kind() != ErrorKind::Corrupt || !span_) throw why;
  {
    const std::scoped_lock lock(mutex_);
    if (!damage_ || number < damaged_) {
      damage_ = why;
      damaged_ = number;
    }
  }
  no_digest_.request_stop();
  begun_.notify_all();
}

/// `count`: of all slices, when this is the last.
std::optional<FileOutcome> LargeFile::end_slice(std::optional<std::size_t> count) {
  {
    const std::scoped_lock lock(mutex_);
    if (count) count_ = count;
    if (++ended_ != count_ || has_failed_) return std::nullopt;
  }
  return end_object();
}

/// All slices are through, so no other thread is at work here.
std::optional<FileOutcome> LargeFile::end_object() {
  if (damage_) return FileSalvage(object_, *span_).run(*receiver_, has_begun_, *damage_);
  receiver_->finish();
  return FileOutcome{};
}

}  // namespace osbackup::restore
