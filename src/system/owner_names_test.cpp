#include "system/owner_names.hpp"

#include <gtest/gtest.h>

namespace osbackup::system {
namespace {

constexpr unsigned kNobodysId = 4'000'000'001U;

TEST(OwnerNames, RootIsKnown) {
  OwnerNames names;

  EXPECT_EQ(names.user(0), "root");
  EXPECT_EQ(names.group(0), "root");
}

TEST(OwnerNames, AnIdWithoutANameHasAnEmptyOneEachTime) {
  OwnerNames names;

  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(names.user(kNobodysId), "");
    EXPECT_EQ(names.group(kNobodysId), "");
  }
}

TEST(OwnerNames, AreFoundTheOtherWayRoundToo) {
  EXPECT_EQ(user_id("root"), 0U);
  EXPECT_EQ(group_id("root"), 0U);
  EXPECT_FALSE(user_id("no such user"));
  EXPECT_FALSE(group_id("no such group"));
}

TEST(HomeDirectory, IsThePasswordDatabases) {
  EXPECT_EQ(home_directory(0), "/root");
  EXPECT_EQ(home_directory(3'999'999'999), "");
}

}  // namespace
}  // namespace osbackup::system
