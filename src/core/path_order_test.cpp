#include "core/path_order.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

namespace osbackup {
namespace {

TEST(PathOrder, IsTheOneOfTheFormatsExample) {
  std::vector<std::string> paths = {"etc/a-b", "etc/a/b", "etc", "etc/a"};
  std::sort(paths.begin(), paths.end(), precedes);
  EXPECT_THAT(paths, testing::ElementsAre("etc", "etc/a", "etc/a/b", "etc/a-b"));
}

TEST(PathOrder, ComparesRawBytesWithoutASign) {
  EXPECT_TRUE(precedes("a/\x01", "a/z"));
  EXPECT_TRUE(precedes("a/z", "a/\x80"));
  EXPECT_TRUE(precedes("a/\x80", "a/\xff"));
  EXPECT_TRUE(precedes("a/b", "a!"));
  EXPECT_TRUE(precedes("a/b", "a\x01"));
}

TEST(PathOrder, PutsNoPathBeforeItself) {
  EXPECT_FALSE(precedes("etc/a", "etc/a"));
  EXPECT_FALSE(precedes("", ""));
  EXPECT_TRUE(precedes("", "a"));
}

TEST(LiesBelow, AsksForAWholeComponent) {
  EXPECT_TRUE(lies_below("/etc/a", "/etc"));
  EXPECT_TRUE(lies_below("/etc/a/b", "/etc"));
  EXPECT_FALSE(lies_below("/etc-old/a", "/etc"));
  EXPECT_FALSE(lies_below("/etc", "/etc"));
  EXPECT_FALSE(lies_below("/et", "/etc"));
  EXPECT_FALSE(lies_below("/etc", "/etc/a"));
}

TEST(LiesBelow, FindsEverythingBelowTheRootButTheRoot) {
  EXPECT_TRUE(lies_below("/etc", "/"));
  EXPECT_FALSE(lies_below("/", "/"));
}

}  // namespace
}  // namespace osbackup
