#include "core/range_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/range_source.hpp"

namespace osbackup {

std::unique_ptr<ByteSource> RangeReader::stream(std::uint64_t offset, std::uint64_t length) const {
  return std::make_unique<RangeSource>(*this, RangeSource::Part{.offset = offset, .length = length});
}

void RangeReader::require_inside(std::uint64_t offset, std::uint64_t length) const {
  if (offset > size() || length > size() - offset)
    throw Error(ErrorKind::Corrupt,
                fmt::format("{} bytes wanted at {}, but only {} are there", length, offset, size()));
}

MemoryRange::MemoryRange(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

void MemoryRange::read(std::uint64_t offset, std::span<std::byte> out) const {
  require_inside(offset, out.size());
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
}

}  // namespace osbackup
