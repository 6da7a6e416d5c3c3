#include "system/system_error.hpp"

#include <gtest/gtest.h>

namespace osbackup::system {
namespace {

TEST(SystemError, SaysWhatWasDoneAndWhy) {
  EXPECT_STREQ(system_error("open /etc/shadow", EACCES).what(), "open /etc/shadow: Permission denied");
}

TEST(SystemError, HasTheKindThatTellsWhatToDo) {
  EXPECT_EQ(system_error("", ENOENT).kind(), ErrorKind::NotFound);
  EXPECT_EQ(system_error("", EPERM).kind(), ErrorKind::Denied);
  EXPECT_EQ(system_error("", EROFS).kind(), ErrorKind::Denied);
  EXPECT_EQ(system_error("", EEXIST).kind(), ErrorKind::Exists);
  EXPECT_EQ(system_error("", EDQUOT).kind(), ErrorKind::NoSpace);
  EXPECT_EQ(system_error("", ECONNREFUSED).kind(), ErrorKind::Unavailable);
  EXPECT_EQ(system_error("", EIO).kind(), ErrorKind::Internal);
}

TEST(SystemError, TakesErrnoByItself) {
  errno = ENOSPC;
  EXPECT_EQ(system_error("write").kind(), ErrorKind::NoSpace);
}

}  // namespace
}  // namespace osbackup::system
