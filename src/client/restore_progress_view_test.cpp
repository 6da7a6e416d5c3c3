#include "client/restore_progress_view.hpp"

#include <gtest/gtest.h>

namespace osbackup::client {
namespace {

using restore::RestoreProgress;
using std::chrono::seconds;

class RestoreProgressViewTest : public testing::Test {
 protected:
  RestoreProgressViewTest() { progress_.stage = RestoreProgress::Stage::Reading; }

  std::string text() const { return view_.text(seconds(10)); }
  std::string object() const { return json::serialize(view_.object(seconds(10))); }

  RestoreProgress progress_;
  RestoreProgressView view_{progress_};
};

TEST_F(RestoreProgressViewTest, ShowsHowFarItIsAndHowLongItTakes) {
  progress_.objects = 1200;
  progress_.objects_total = 3400;
  progress_.bytes = 10U << 20U;
  progress_.bytes_total = 40U << 20U;
  progress_.troubles = 1;

  EXPECT_EQ(text(), "10 s  reading  25 %, 1200 of 3400 objects, 10 MiB of 40 MiB, 1.0 MiB/s, 30 s left, 1 trouble");
  EXPECT_EQ(object(), R"({"message_type":"status","stage":"reading","elapsed_ms":10000,"objects":1200,)"
                      R"("bytes":10485760,"troubles":1,"objects_total":3400,"bytes_total":41943040,)"
                      R"("percent_done":2.5E1,"left_ms":30000})");
}

TEST_F(RestoreProgressViewTest, ShowsWhatItHasWhileTheTotalIsNotKnown) {
  progress_.objects = 7;
  progress_.bytes = 20U << 20U;

  EXPECT_EQ(text(), "10 s  reading  7 objects, 20 MiB, 2.0 MiB/s");
}

TEST_F(RestoreProgressViewTest, CountsObjectsWhereThereAreNoBytes) {
  progress_.stage = RestoreProgress::Stage::Planning;
  progress_.objects = 1;
  progress_.objects_total = 4;

  EXPECT_EQ(text(), "10 s  planning  25 %, 1 of 4 objects");
}

TEST_F(RestoreProgressViewTest, StaysAtAHundredPercentWhenThereIsMoreThanWasSaid) {
  progress_.bytes = 200;
  progress_.bytes_total = 100;

  EXPECT_EQ(text(), "10 s  reading  100 %, 0 objects, 200 B of 100 B, 20 B/s");
}

TEST_F(RestoreProgressViewTest, MeasuresEachOfSeveralArchivesFromItsBegin) {
  progress_.bytes = 10U << 20U;
  progress_.bytes_total = 40U << 20U;
  view_.begin_archive(2, 3, seconds(8));

  EXPECT_EQ(text(), "10 s  reading  archive 2 of 3, 25 %, 0 objects, 10 MiB of 40 MiB, 5.0 MiB/s, 6.0 s left");
  const json::Object object = view_.object(seconds(10));
  EXPECT_EQ(object.at("archive"), 2);
  EXPECT_EQ(object.at("archives_total"), 3);
  EXPECT_EQ(object.at("left_ms"), 6000);
}

TEST_F(RestoreProgressViewTest, DoesNotNumberASingleArchive) {
  view_.begin_archive(1, 1, seconds(8));

  EXPECT_EQ(text(), "10 s  reading  0 objects");
}

TEST_F(RestoreProgressViewTest, CountsArchivesAsSuch) {
  view_.count_archives();
  progress_.objects = 1;
  progress_.objects_total = 3;

  EXPECT_EQ(text(), "10 s  reading  33 %, 1 of 3 archives");
  EXPECT_EQ(view_.object(seconds(10)).at("archives_total"), 3);
}

TEST_F(RestoreProgressViewTest, BeginsWithNothing) {
  progress_.stage = RestoreProgress::Stage::Opening;

  EXPECT_EQ(view_.text(seconds(0)), "0.0 s  opening  0 objects");
}

}  // namespace
}  // namespace osbackup::client
