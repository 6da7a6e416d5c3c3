#include "notify/outbox.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::notify {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

report::BackupReport report_number(int number, bool is_ok = true) {
  report::BackupReport report;
  report.ip = "192.0.2.1";
  report.hostname = "h";
  report.backup_state = true;
  report.is_ok = is_ok;
  report.backupfilename = std::to_string(number);
  report.file_size = "1MB";
  report.dirs = "/etc";
  report.insert_time = "2026-11-23 09:30:00";
  report.backup_time = "2026-11-23 09:30:00";
  return report;
}

class OutboxTest : public testing::Test {
 protected:
  std::vector<std::string> waiting() const {
    std::vector<std::string> found;
    const Outbox outbox(place_);
    for (const OutboxEntry& entry : outbox.entries()) found.push_back(entry.report.backupfilename);
    return found;
  }

  test::TemporaryFolder folder_;
  fs::path place_ = folder_.path() / "outbox";
};

TEST_F(OutboxTest, KeepsTheOrderAcrossRuns) {
  Outbox(place_).add(true, report_number(1));
  Outbox(place_).add(false, report_number(2));

  const Outbox outbox(place_);

  ASSERT_EQ(outbox.entries().size(), 2U);
  EXPECT_EQ(outbox.entries()[0].report, report_number(1));
  EXPECT_TRUE(outbox.entries()[0].to_be_counted);
  EXPECT_EQ(outbox.entries()[1].report, report_number(2));
  EXPECT_FALSE(outbox.entries()[1].to_be_counted);
}

TEST_F(OutboxTest, RemembersWhatWasCounted) {
  Outbox outbox(place_);
  outbox.add(true, report_number(1));

  outbox.mark_counted(outbox.entries().front().number);

  EXPECT_FALSE(Outbox(place_).entries().front().to_be_counted);
}

TEST_F(OutboxTest, DropsTheOldestFailureFirstWhenItIsFull) {
  Outbox outbox(place_);
  for (int i = 0; i < 52; ++i) outbox.add(true, report_number(i, i != 7 && i != 9));

  const std::vector<std::string> dropped = outbox.add(true, report_number(52));
  outbox.add(true, report_number(53));
  outbox.add(true, report_number(54));

  EXPECT_THAT(dropped, ElementsAre(HasSubstr("the outbox is full")));
  const std::vector<std::string> left = waiting();
  EXPECT_EQ(left.size(), 52U);
  for (const char* gone : {"7", "9", "0"}) EXPECT_THAT(left, testing::Not(testing::Contains(gone)));
  EXPECT_EQ(left.front(), "1");
  EXPECT_EQ(left.back(), "54");
}

TEST_F(OutboxTest, SetsAsideWhatIsRefusedWithTheReason) {
  Outbox outbox(place_);
  outbox.add(true, report_number(1));

  outbox.set_aside(outbox.entries().front().number, "field ip");

  EXPECT_THAT(waiting(), IsEmpty());
  std::vector<fs::path> refused;
  for (const auto& entry : fs::directory_iterator(place_ / "refused")) refused.push_back(entry.path());
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_THAT(system::read_file(refused[0], 10'000), HasSubstr("field ip"));
}

TEST_F(OutboxTest, SetsAFileAsideThatItCannotRead) {
  Outbox(place_).add(true, report_number(2));
  std::ofstream(place_ / "000000.json") << "{\"to_be_counted\": true";

  EXPECT_THAT(waiting(), ElementsAre("2"));

  EXPECT_TRUE(fs::exists(place_ / "000000.json.unreadable"));
}

}  // namespace
}  // namespace osbackup::notify
