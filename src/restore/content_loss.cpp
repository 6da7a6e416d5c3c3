#include "restore/content_loss.hpp"

#include <fmt/format.h>

#include <optional>

#include "core/byte_count.hpp"
#include "core/encoding.hpp"
#include "restore/object_work.hpp"

namespace osbackup::restore {

ContentLoss::ContentLoss(std::uint64_t size, const std::vector<archive::Extent>& extents)
    : size_(size), extents_(extents) {
  for (const archive::Extent& extent : extents_) stored_bytes_ += extent.length;
}

void ContentLoss::add(archive::Extent stretch, const std::string& why) {
  if (is_none_ || stretch.offset < first_) {
    first_ = stretch.offset;
    why_ = why;
  }
  is_none_ = false;
  bytes_ += stretch.length;
  if (stretch.length > 0) ++stretches_;
}

void ContentLoss::lose_behind_first() {
  bytes_ = stored_bytes_ - first_;
  stretches_ = 1;
  is_cut_ = true;
}

Error ContentLoss::keep_rest(Receiver& receiver) const {
  if (bytes_ == stored_bytes_) return {ErrorKind::Corrupt, why_};
  const std::string lost = bytes_ == 0 ? why_ : why_ + "; " + lost_in_words();
  const std::string rest = bytes_ == 0 ? "; what there is of it " : "; the rest ";
  try {
    const std::optional<std::string> kept = receiver.keep_damaged(is_cut_ ? place_in_file(first_) : size_);
    return {ErrorKind::Corrupt, kept ? lost + rest + "is kept as " + printable(*kept) : lost};
  } catch (const Error& error) {
    if (is_about_all(error.kind())) throw;
    return {ErrorKind::Corrupt, lost + rest + "cannot be kept: " + error.what()};
  }
}

std::string ContentLoss::lost_in_words() const {
  const std::string bytes = fmt::format("{} of its {}", human_bytes(bytes_), human_bytes(size_));
  const std::uint64_t first = place_in_file(first_);
  if (stretches_ == 1) return fmt::format("{}, from byte {} on, are lost", bytes, first);
  return fmt::format("{} are lost, in {} places, the first at byte {}", bytes, stretches_, first);
}

std::uint64_t ContentLoss::place_in_file(std::uint64_t stored_offset) const {
  for (const archive::Extent& extent : extents_) {
    if (stored_offset < extent.length) return extent.offset + stored_offset;
    stored_offset -= extent.length;
  }
  return size_;
}

}  // namespace osbackup::restore
