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

}  // namespace
}  // namespace osbackup::system
