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

TEST(Remark, SaysBehindALongPathWhatIsTheMatterWithIt) {
  const std::string reason = "its link to " + std::string(4096, 'x') + " cannot be made: File name too long";

  EXPECT_EQ(to_line(to_remark(restore::Trouble{.path = "link", .reason = reason})), "/link: " + reason);
}

}  // namespace
}  // namespace osbackup::client
