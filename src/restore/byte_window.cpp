#include "restore/byte_window.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/error.hpp"

namespace osbackup::restore {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;

}  // namespace

ByteWindow::ByteWindow(std::shared_ptr<const RangeReader> object, archive::ZipPlace place, std::stop_token stop)
    : object_(std::move(object)),
      stop_(std::move(stop)),
      end_(place.offset + place.length),
      source_(object_->stream(place.offset, place.length)),
      begin_(place.offset) {}

std::span<const std::byte> ByteWindow::at(std::uint64_t offset, std::size_t bytes) {
  assert(offset >= begin_ && offset <= end_);
  bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, end_ - offset));
  const auto skip = static_cast<std::size_t>(offset - begin_);
  while (buffer_.size() < skip + bytes) {
    if (stop_.stop_requested()) throw Error(ErrorKind::Cancelled, "reading the archive was stopped");
    const std::size_t before = buffer_.size();
    const auto left = end_ - begin_ - before;
    buffer_.resize(before + static_cast<std::size_t>(std::min<std::uint64_t>(left, kReadBytes)));
    try {
      source_->read(std::span(buffer_).subspan(before));
    } catch (...) {
      buffer_.resize(before);
      throw;
    }
  }
  return std::span<const std::byte>(buffer_).subspan(skip, bytes);
}

void ByteWindow::drop_before(std::uint64_t offset) {
  assert(offset >= begin_ && offset <= begin_ + buffer_.size());
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(offset - begin_, buffer_.size()));
  // Moving what is left costs more than holding a little that is not needed.
  if (bytes < buffer_.size() && bytes < kReadBytes) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(bytes));
  begin_ += bytes;
}

}  // namespace osbackup::restore
