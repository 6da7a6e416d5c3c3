#include "core/error.hpp"

#include <gmock/gmock.h>

#include <set>

namespace osbackup {
namespace {

TEST(Error, SaysWhatWasDoneOneLevelUp) {
  const Error error = Error(ErrorKind::Corrupt, "read block 7").within("restore /etc");
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_STREQ(error.what(), "restore /etc: read block 7");
}

TEST(Error, HasADifferentNameForEachKind) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::Internal); ++kind)
    names.insert(name_of(static_cast<ErrorKind>(kind)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorKind::Internal) + 1);
}

}  // namespace
}  // namespace osbackup
