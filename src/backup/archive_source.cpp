#include "backup/archive_source.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace osbackup::backup {

std::size_t CompleteArchive::read(std::uint64_t offset, std::span<std::byte> out, const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the reading of the archive was stopped");
  if (offset >= content_.size()) return 0;
  const std::span<std::byte> piece = out.first(std::min<std::uint64_t>(out.size(), content_.size() - offset));
  content_.read(offset, piece);
  return piece.size();
}

}  // namespace osbackup::backup
