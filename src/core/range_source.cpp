#include "core/range_source.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace osbackup {

RangeSource::RangeSource(const RangeReader& range, Part part) : range_(range), left_(part) {
  const std::uint64_t size = range.size();
  if (part.offset > size || part.length > size - part.offset)
    throw Error(ErrorKind::Corrupt, "bytes " + std::to_string(part.offset) + " and " + std::to_string(part.length) +
                                        " more are said to be in an object of " + std::to_string(size));
}

std::size_t RangeSource::read(std::span<std::byte> out) {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_.length));
  if (bytes > 0) range_.read(left_.offset, out.first(bytes));
  skip(bytes);
  return bytes;
}

std::uint64_t RangeSource::skip(std::uint64_t bytes) {
  bytes = std::min(bytes, left_.length);
  left_.offset += bytes;
  left_.length -= bytes;
  return bytes;
}

}  // namespace osbackup
