#include "client/shown_path.hpp"

#include <gtest/gtest.h>

namespace osbackup::client {
namespace {

TEST(ShownPath, BeginsAtTheRoot) {
  EXPECT_EQ(path_from_root("etc/passwd"), "/etc/passwd");
  EXPECT_EQ(path_from_root("."), "/");
  EXPECT_EQ(path_from_root("/absolute"), "/absolute");
}

TEST(ShownPath, IsNeverThatOfAnotherPath) {
  EXPECT_EQ(shown_path("/a\nb\xff"), R"(/a\nb\xff)");
  EXPECT_EQ(shown_path(R"(/a\nb\xff)"), R"(/a\\nb\\xff)");
  EXPECT_EQ(shown_path(R"(\)"), R"(\\)");
  EXPECT_EQ(shown_path("/plain"), "/plain");
}

}  // namespace
}  // namespace osbackup::client
