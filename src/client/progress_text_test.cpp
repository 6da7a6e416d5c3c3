#include "client/progress_text.hpp"

#include <gtest/gtest.h>

namespace osbackup::client {
namespace {

using backup::Progress;
using backup::Stage;
using std::chrono::seconds;

class ProgressTextTest : public testing::Test {
 protected:
  ProgressTextTest() {
    progress_.files = 1200;
    progress_.source_bytes = 3U << 20U;
  }
  void sending(std::uint64_t sent, std::uint64_t total, seconds duration) {
    progress_.sent_bytes = sent;
    progress_.total_bytes = total;
    progress_.sending_since = moment_.now - duration;
  }
  std::string text() const { return progress_text(progress_, moment_); }
  std::string object() const { return json::serialize(progress_object(progress_, moment_)); }

  Progress progress_;
  ProgressMoment moment_{.elapsed = seconds(61)};
};

TEST_F(ProgressTextTest, ShowsTheFilesWhileNothingIsSent) {
  progress_.stage = Stage::Archiving;

  EXPECT_EQ(text(), "1 m 01 s  archiving  1200 files, 3.0 MiB");
  EXPECT_EQ(object(), R"({"message_type":"status","stage":"archiving","elapsed_ms":61000,"files":1200,)"
                      R"("source_bytes":3145728})");
}

TEST_F(ProgressTextTest, ShowsFilesAndSentBytesWhileBothGoOn) {
  progress_.stage = Stage::Archiving;
  sending(1U << 20U, 0, seconds(4));

  EXPECT_EQ(text(), "1 m 01 s  archiving  1200 files, 3.0 MiB, 1.0 MiB sent");
  EXPECT_EQ(object(), R"({"message_type":"status","stage":"archiving","elapsed_ms":61000,"files":1200,)"
                      R"("source_bytes":3145728,"sent_bytes":1048576})");
}

TEST_F(ProgressTextTest, ShowsPercentAndTimeLeftOfAnUpload) {
  progress_.stage = Stage::Uploading;
  sending(1U << 20U, 4U << 20U, seconds(30));

  EXPECT_EQ(text(), "1 m 01 s  uploading  25 %, 1.0 MiB of 4.0 MiB, 1 m 30 s left");
  EXPECT_EQ(json::serialize(progress_object(progress_, moment_).at("left_ms")), "90000");
  EXPECT_EQ(json::serialize(progress_object(progress_, moment_).at("percent_done")), "2.5E1");
}

TEST_F(ProgressTextTest, KnowsNoTimeLeftBeforeAByteIsSentAndAfterTheLast) {
  progress_.stage = Stage::Uploading;
  sending(0, 100, seconds(5));
  EXPECT_EQ(text(), "1 m 01 s  uploading  0 %, 0 B of 100 B");

  sending(100, 100, seconds(5));
  EXPECT_EQ(text(), "1 m 01 s  uploading  100 %, 100 B of 100 B");
}

}  // namespace
}  // namespace osbackup::client
