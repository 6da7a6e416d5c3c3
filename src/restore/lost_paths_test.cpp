#include "restore/lost_paths.hpp"

#include <gtest/gtest.h>

namespace osbackup::restore {
namespace {

TEST(LostPaths, KnowsThoseThatWereAdded) {
  LostPaths lost;
  EXPECT_TRUE(lost.is_empty());
  lost.add("etc/a");

  EXPECT_FALSE(lost.is_empty());
  EXPECT_TRUE(lost.has("etc/a"));
  EXPECT_FALSE(lost.has("etc/b"));
}

TEST(LostPaths, KeepsSoManyBytesInMindAndNoMore) {
  const std::string mebibyte(1U << 20U, 'p');
  LostPaths lost;
  for (int number = 0; number < 100; ++number) lost.add(std::to_string(number) + mebibyte);

  EXPECT_TRUE(lost.has("0" + mebibyte));
  EXPECT_FALSE(lost.has("99" + mebibyte));
}

}  // namespace
}  // namespace osbackup::restore
