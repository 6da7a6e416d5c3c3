#include "restore/member_room.hpp"

#include <fmt/format.h>

namespace osbackup::restore {

std::string MemberRoom::take(const archive::IndexEntry& line) {
  const archive::Placement& place = line.placement;
  if (last_ && place.directory == last_->directory && place.member == last_->member) {
    const std::uint64_t room = place.skip > last_->skip ? place.skip - last_->skip : 0;
    if (room < last_name_bytes_)
      return fmt::format("the index leaves {} bytes of the tar to what comes ahead of it, whose name takes {}", room,
                         last_name_bytes_);
  }
  last_ = place;
  last_name_bytes_ = archive::name_bytes(line.entry);
  return {};
}

}  // namespace osbackup::restore
