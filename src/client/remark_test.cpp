#include "client/remark.hpp"

#include <gtest/gtest.h>

namespace osbackup::client {
namespace {

TEST(Remark, NamesPathsFromTheRootOn) {
  const Remark remark = to_remark(restore::Trouble{.path = "etc/\\x", .reason = "it is\nbad"});

  EXPECT_EQ(remark.path, "/etc/\\x");
  EXPECT_EQ(to_line(remark), "/etc/\\\\x: it is bad");
}

TEST(Remark, IsAboutTheWholeWithoutAPath) {
  EXPECT_EQ(to_line(to_remark(restore::Trouble{.path = "", .reason = "cut off"})), "cut off");
}

}  // namespace
}  // namespace osbackup::client
