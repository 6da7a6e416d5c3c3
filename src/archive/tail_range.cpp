#include "archive/tail_range.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"

namespace osbackup::archive {

TailRange::TailRange(std::shared_ptr<const RangeReader> object) : object_(std::move(object)), size_(object_->size()) {
  tail_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size_, kTailBytes)));
  if (!tail_.empty()) fetch(size_ - tail_.size(), tail_);
}

void TailRange::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset)
    throw Error(ErrorKind::Corrupt,
                fmt::format("{} bytes wanted at {}, but only {} are there", out.size(), offset, size_));
  const std::uint64_t tail_offset = size_ - tail_.size();
  if (offset < tail_offset) {
    const auto before = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), tail_offset - offset));
    if (before > 0) fetch(offset, out.first(before));
    out = out.subspan(before);
    offset += before;
  }
  if (out.empty()) return;
  std::copy_n(tail_.begin() + static_cast<std::ptrdiff_t>(offset - tail_offset), out.size(), out.begin());
}

void TailRange::fetch(std::uint64_t offset, std::span<std::byte> out) const {
  reads_ += 1;
  bytes_ += out.size();
  object_->read(offset, out);
}

}  // namespace osbackup::archive
