#include "client/restore_facts.hpp"

#include <gtest/gtest.h>

namespace osbackup::client {
namespace {

class RestoreFactsTest : public testing::Test {
 protected:
  RestoreFactsTest() {
    facts_.archive = "a+b+c.zip";
    facts_.target = "/restore";
    facts_.is_complete = true;
    facts_.duration = std::chrono::seconds(12);
  }

  RestoreFacts facts_;
};

TEST_F(RestoreFactsTest, AreTheObjectsInOneSentence) {
  facts_.counts.files = 1200;
  facts_.counts.directories = 1;
  facts_.counts.symlinks = 1;
  facts_.counts.hardlinks = 1;
  facts_.counts.fifos = 1;
  facts_.counts.content_bytes = 5U << 20U;

  EXPECT_EQ(to_sentence(facts_),
            "restored 1200 files, 1 directory, 2 links and 1 FIFO (5.0 MiB) from a+b+c.zip to /restore in 12 s");
}

TEST_F(RestoreFactsTest, SayWhatWasNotRestoredOrNotWholly) {
  facts_.counts.devices = 1;
  facts_.counts.replaced = 1;
  facts_.counts.unchanged = 2;
  facts_.counts.kept = 3;
  facts_.troubles.not_set = {{"owner", 1}};
  facts_.troubles.failed = 4;
  facts_.troubles.refused = 5;
  facts_.troubles.damaged = 6;
  facts_.counts.kept_in_part = 1;
  facts_.is_complete = false;

  EXPECT_EQ(
      to_sentence(facts_),
      "restored 1 device from a+b+c.zip to /restore in 12 s; 1 of them in place of others, 2 unchanged, 3 kept as "
      "they were, owner not set of 1 object, 4 failed, 5 refused, 6 damaged, 1 of them kept in part; it is NOT "
      "complete");
}

TEST_F(RestoreFactsTest, SayWhatWouldBeRestored) {
  facts_.is_dry_run = true;

  EXPECT_EQ(to_sentence(facts_), "would restore nothing from a+b+c.zip to /restore in 12 s");
}

TEST_F(RestoreFactsTest, AreOneObjectInJson) {
  facts_.target = "/\xff";
  facts_.counts.files = 1;
  facts_.troubles.not_set = {{"owner", 2}};

  EXPECT_EQ(json::serialize(to_summary(facts_)),
            R"({"archive":"a+b+c.zip","dry_run":false,"complete":true,"files":1,"directories":0,"symlinks":0,)"
            R"("hardlinks":0,"fifos":0,"devices":0,"content_bytes":0,"replaced":0,"unchanged":0,"kept":0,)"
            R"("kept_in_part":0,"failed":0,"refused":0,"damaged":0,"duration_ms":12000,)"
            R"("not_set":{"owner":2},"target_b64":"L/8="})");
}

}  // namespace
}  // namespace osbackup::client
