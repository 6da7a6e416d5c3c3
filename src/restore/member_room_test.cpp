#include "restore/member_room.hpp"

#include <gmock/gmock.h>

namespace osbackup::restore {
namespace {

using testing::IsEmpty;

archive::IndexEntry line_of(std::size_t path_bytes, std::uint64_t skip) {
  archive::IndexEntry line;
  line.entry.path.assign(path_bytes, 'p');
  line.placement.skip = skip;
  return line;
}

TEST(MemberRoom, LetsNamesPassThatTheTarHasRoomFor) {
  MemberRoom room;

  EXPECT_THAT(room.take(line_of(500, 0)), IsEmpty());
  EXPECT_THAT(room.take(line_of(3'000, 512)), IsEmpty());
  EXPECT_THAT(room.take(line_of(10, 3'584)), IsEmpty());
}

TEST(MemberRoom, RefusesALineThatLeavesTheOneBeforeTooLittle) {
  MemberRoom room;
  room.take(line_of(3'000, 0));

  EXPECT_EQ(room.take(line_of(10, 2'560)),
            "the index leaves 2560 bytes of the tar to what comes ahead of it, whose name takes 3000");
  EXPECT_EQ(room.take(line_of(10, 0)),
            "the index leaves 0 bytes of the tar to what comes ahead of it, whose name takes 3000");
  EXPECT_THAT(room.take(line_of(10, 3'072)), IsEmpty());
}

TEST(MemberRoom, CountsAllNames) {
  archive::IndexEntry line = line_of(200, 0);
  line.entry.target.assign(200, 't');
  line.entry.user.assign(60, 'u');
  line.entry.group.assign(60, 'g');
  MemberRoom room;
  room.take(line);

  EXPECT_NE(room.take(line_of(10, 512)), "");
}

TEST(MemberRoom, BeginsAnewWithEachMember) {
  archive::IndexEntry in_next_member = line_of(10, 0);
  in_next_member.placement.member = 100;
  archive::IndexEntry in_next_directory = line_of(10, 0);
  in_next_directory.placement.directory = 1;
  MemberRoom room;

  EXPECT_THAT(room.take(line_of(3'000, 0)), IsEmpty());
  EXPECT_THAT(room.take(in_next_member), IsEmpty());
  EXPECT_THAT(room.take(in_next_directory), IsEmpty());
}

}  // namespace
}  // namespace osbackup::restore
