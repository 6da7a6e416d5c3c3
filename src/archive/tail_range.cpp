#include "archive/tail_range.hpp"

#include <algorithm>

#include "core/range_source.hpp"

namespace osbackup::archive {

/// Counts what is read of a stream of the object.
class TailRange::CountedStream final : public ByteSource {
 public:
  CountedStream(std::unique_ptr<ByteSource> inner, std::atomic<std::uint64_t>& bytes)
      : inner_(std::move(inner)), bytes_(bytes) {}

  std::size_t read(std::span<std::byte> out) override {
    const std::size_t count = inner_->read(out);
    bytes_ += count;
    return count;
  }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::atomic<std::uint64_t>& bytes_;
};

TailRange::TailRange(std::shared_ptr<const RangeReader> object) : object_(std::move(object)), size_(object_->size()) {
  tail_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size_, kTailBytes)));
  if (!tail_.empty()) fetch(size_ - tail_.size(), tail_);
}

void TailRange::read(std::uint64_t offset, std::span<std::byte> out) const {
  require_inside(offset, out.size());
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

std::unique_ptr<ByteSource> TailRange::stream(std::uint64_t offset, std::uint64_t length) const {
  require_inside(offset, length);
  if (offset >= size_ - tail_.size())
    return std::make_unique<RangeSource>(*this, RangeSource::Part{.offset = offset, .length = length});
  reads_ += 1;
  return std::make_unique<CountedStream>(object_->stream(offset, length), bytes_);
}

void TailRange::fetch(std::uint64_t offset, std::span<std::byte> out) const {
  reads_ += 1;
  bytes_ += out.size();
  object_->read(offset, out);
}

}  // namespace osbackup::archive
