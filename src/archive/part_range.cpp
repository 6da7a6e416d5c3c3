#include "archive/part_range.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace osbackup::archive {

PartRange::PartRange(std::shared_ptr<const RangeReader> whole, ZipPlace place)
    : whole_(std::move(whole)), place_(place) {
  const std::uint64_t size = whole_->size();
  if (place.offset > size || place.length > size - place.offset)
    throw Error(ErrorKind::Corrupt, fmt::format("{} bytes should lie at {}, but there are only {} in all", place.length,
                                                place.offset, size));
}

void PartRange::read(std::uint64_t offset, std::span<std::byte> out) const {
  require_inside(offset, out.size());
  whole_->read(place_.offset + offset, out);
}

std::unique_ptr<ByteSource> PartRange::stream(std::uint64_t offset, std::uint64_t length) const {
  require_inside(offset, length);
  return whole_->stream(place_.offset + offset, length);
}

}  // namespace osbackup::archive
