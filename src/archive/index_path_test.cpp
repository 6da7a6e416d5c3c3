#include "archive/index_path.hpp"

#include <gtest/gtest.h>

#include <string>

namespace osbackup::archive {
namespace {

using namespace std::string_literals;

TEST(IndexPath, HasTheRootBeforeAllOthers) {
  EXPECT_TRUE(comes_before(".", "\x01"));
  EXPECT_FALSE(comes_before("\x01", "."));
  EXPECT_FALSE(comes_before(".", "."));
  EXPECT_TRUE(comes_before("etc/a/b", "etc/a-b"));
}

TEST(IndexPath, LiesInADirectoryThatItIsOrThatIsAboveIt) {
  EXPECT_TRUE(lies_in("etc", "etc"));
  EXPECT_TRUE(lies_in("etc/a/b", "etc"));
  EXPECT_TRUE(lies_in("etc", "."));
  EXPECT_TRUE(lies_in(".", "."));
  EXPECT_FALSE(lies_in(".", "etc"));
  EXPECT_FALSE(lies_in("etc-a", "etc"));
  EXPECT_FALSE(lies_in("etc", "etc/a"));
}

TEST(IndexPath, HasComponentsThatLeadDownwardsOnly) {
  for (const std::string& path : {"."s, "etc"s, "etc/.a"s, "etc/..."s, "..a"s, "a\nb/\xff"s, "a/b/c"s})
    EXPECT_TRUE(is_index_path(path)) << path;
  for (const std::string& path :
       {""s, "/"s, "/etc"s, "etc/"s, "a//b"s, ".."s, "../a"s, "a/.."s, "a/../b"s, "./a"s, "a/."s, "a/./b"s, "a\0b"s})
    EXPECT_FALSE(is_index_path(path)) << path;
}

TEST(IndexPath, IsMadeOfPathsAsTheyAreWritten) {
  EXPECT_EQ(to_index_path("/etc//ssh/"), "etc/ssh");
  EXPECT_EQ(to_index_path("./etc/./ssh"), "etc/ssh");
  EXPECT_EQ(to_index_path("/"), ".");
  EXPECT_EQ(to_index_path("."), ".");
  EXPECT_EQ(to_index_path("etc/..a"), "etc/..a");
  for (const std::string& path : {""s, ".."s, "/etc/../root"s, "etc/.."s, "a\0b"s})
    EXPECT_FALSE(to_index_path(path)) << path;
}

}  // namespace
}  // namespace osbackup::archive
