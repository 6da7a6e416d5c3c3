#include "restore/trouble_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace osbackup::restore {
namespace {

class TroubleLogTest : public testing::Test {
 protected:
  std::vector<Trouble> told_;
  TroubleLog log_{[this](const Trouble& trouble) { told_.push_back(trouble); }};
};

TEST_F(TroubleLogTest, TellsEachAndCountsByKind) {
  const Trouble refused{.kind = Trouble::Kind::Refused, .path = "etc/../x", .reason = "leads out of the target"};

  log_.add(refused);
  log_.add({.kind = Trouble::Kind::Damaged, .path = "etc/y", .reason = "a gzip member has another CRC"});
  log_.add(refused);

  EXPECT_EQ(told_.front(), refused);
  EXPECT_EQ(told_.size(), 3U);
  EXPECT_EQ(log_.counts().refused, 2U);
  EXPECT_EQ(log_.counts().damaged, 1U);
  EXPECT_EQ(log_.counts().failed, 0U);
}

TEST_F(TroubleLogTest, TellsOnceWhatCannotBeSetAndCountsTheRest) {
  for (int i = 0; i < 5; ++i) log_.add_not_set("owner", "etc/passwd", "Operation not permitted");
  log_.add_not_set("extended attribute trusted.x", "etc/shadow", "Operation not permitted");

  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(to_line(told_[0]),
            "etc/passwd: the owner cannot be set: Operation not permitted (said once; the rest is counted)");
  EXPECT_THAT(log_.counts().not_set,
              testing::ElementsAre(testing::Pair("extended attribute trusted.x", 1U), testing::Pair("owner", 5U)));
}

TEST_F(TroubleLogTest, ForgetsTheNamesOfWhatCannotBeSetWhenTheyAreTooMany) {
  for (std::size_t i = 0; i < TroubleLog::kNotSetMax + 20; ++i) log_.add_not_set("x" + std::to_string(i), "", "");

  EXPECT_EQ(log_.counts().not_set.size(), TroubleLog::kNotSetMax + 1);
  EXPECT_EQ(log_.counts().not_set["other things"], 20U);
}

TEST(Trouble, IsOnePrintableLine) {
  EXPECT_EQ(to_line({.kind = Trouble::Kind::Failed, .path = "a\nb\xff", .reason = "no\nway"}), "a\\nb\\xff: no way");
}

}  // namespace
}  // namespace osbackup::restore
