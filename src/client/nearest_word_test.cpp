#include "client/nearest_word.hpp"

#include <gtest/gtest.h>

namespace osbackup::client {
namespace {

const std::vector<std::string> kKnown = {"snapshots", "ls", "restore", "dump"};

TEST(NearestWord, FindsWhatWasMeant) {
  EXPECT_EQ(nearest_word("resotre", kKnown), "restore");
  EXPECT_EQ(nearest_word("snapshot", kKnown), "snapshots");
  EXPECT_EQ(nearest_word("lss", kKnown), "ls");
}

TEST(NearestWord, FindsNothingInAnotherWord) {
  for (const char* other : {"mount", "", "x", "ab", "store-it"}) EXPECT_FALSE(nearest_word(other, kKnown)) << other;
}

TEST(NearestWord, PrefersWhatNeedsFewestChanges) {
  EXPECT_EQ(nearest_word("--newr", {"--never", "--newer"}), "--newer");
}

}  // namespace
}  // namespace osbackup::client
