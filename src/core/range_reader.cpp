#include "core/range_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"

namespace osbackup {

MemoryRange::MemoryRange(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

void MemoryRange::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
    throw Error(ErrorKind::Corrupt,
                fmt::format("{} bytes wanted at {}, but only {} are there", out.size(), offset, bytes_.size()));
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
}

}  // namespace osbackup
