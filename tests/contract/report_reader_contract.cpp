#include "database/report_reader.hpp"

#include <gmock/gmock.h>

#include "core/time_format.hpp"
#include "database/report_store.hpp"
#include "database/schema.hpp"
#include "sql/sqlite_connection.hpp"
#include "sql/transaction.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::database {
namespace {

using report::BackupReport;
using testing::ElementsAre;

constexpr std::string_view kReceived = "2026-11-23T10:00:00Z";

BackupReport report_of(const std::string& archive, const std::string& run_id) {
  BackupReport report;
  report.ip = "192.0.2.7";
  report.hostname = "web1";
  report.backup_state = true;
  report.backupfilename = archive;
  report.file_size = "100MB";
  report.dirs = "/etc";
  report.insert_time = "2026-11-23 10:00:00";
  report.backup_time = "2026-11-23 09:30:00";
  report.run_id = run_id;
  return report;
}

std::string run(int number) { return "0a1b2c3d-0000-4000-8000-00000000000" + std::to_string(number); }

class ReportReaderTest : public testing::Test {
 protected:
  ReportReaderTest() { sql::migrate(*pool_.lease(), migrations()); }

  void write(const BackupReport& report, const std::string& user = "agent", std::string_view received_at = kReceived) {
    const ReceivedCall call{.kind = CallKind::Report,
                            .receipt = report.run_id.value(),
                            .user = user,
                            .received_at = parse_rfc3339(received_at).value(),
                            .payload = json::serialize(report::to_json(report))};
    EXPECT_TRUE(ReportStore(pool_).apply({&call, 1}).empty());
  }
  std::vector<StoredReport> find(const std::string& archive, const std::optional<std::string>& user = {}) {
    return ReportReader(pool_).find({.backupfilename = archive, .user = user, .count_max = 10});
  }
  std::vector<std::string> runs_of(const std::string& archive, const std::optional<std::string>& user = {}) {
    std::vector<std::string> runs;
    for (const StoredReport& stored : find(archive, user)) runs.push_back(stored.report.run_id.value());
    return runs;
  }

  test::TemporaryFolder folder_;
  sql::ConnectionPool pool_{{.connection = sql::SqliteOptions{.file = folder_.path() / "a.db"}}};
};

TEST_F(ReportReaderTest, EveryFieldComesBackAsItWasReported) {
  BackupReport report = report_of("it's \"a\"; -- \\ \xF0\x9F\x92\xBE.zip", run(1));
  report.is_ok = true;
  report.attempt = 3;
  report.started_at = "2026-11-23T09:30:00Z";
  report.finished_at = "2026-11-23T09:31:00.5+01:00";
  report.sent_at = "2026-11-23T09:31:01Z";
  report.file_bytes = 9'223'372'036'854'775'807U;
  report.source_bytes = 5'000'000'000U;
  report.files = 0;
  report.changed_files = 1;
  report.warnings = 2;
  report.duration_ms = 60'000;
  report.kind = "full";
  report.sha256 = std::string(64, 'a');
  report.manifest_sha256 = std::string(64, '0');
  report.verified = false;
  report.error = "no space";
  report.version = "0.1.0";
  write(report, "web@example.com");

  EXPECT_THAT(
      find(report.backupfilename),
      ElementsAre(StoredReport{.report = report, .user = "web@example.com", .received_at = std::string(kReceived)}));
}

TEST_F(ReportReaderTest, WhatWasNotReportedIsNotThere) {
  const BackupReport report = report_of("a.zip", run(1));
  write(report);
  EXPECT_EQ(find("a.zip").at(0).report, report);
}

TEST_F(ReportReaderTest, TheReportThatWasReceivedLastComesFirst) {
  write(report_of("a.zip", run(1)), "agent", "2026-11-23T12:00:00Z");
  write(report_of("a.zip", run(2)), "agent", "2026-11-23T10:00:00Z");
  write(report_of("a.zip", run(3)), "other", "2026-11-23T11:00:00Z");
  write(report_of("a.zip", run(4)), "agent", "2026-11-23T11:00:00Z");
  write(report_of("b.zip", run(5)), "agent", "2026-11-23T13:00:00Z");
  EXPECT_THAT(runs_of("a.zip"), ElementsAre(run(1), run(4), run(3), run(2)));
}

TEST_F(ReportReaderTest, OfOneUserThereAreHisOwnAlone) {
  write(report_of("a.zip", run(1)), "agent");
  write(report_of("a.zip", run(2)), "other");
  EXPECT_THAT(runs_of("a.zip", "other"), ElementsAre(run(2)));
  EXPECT_THAT(runs_of("a.zip", "nobody"), ElementsAre());
}

TEST_F(ReportReaderTest, NoMoreComeThanWereWanted) {
  for (const int number : {1, 2, 3}) write(report_of("a.zip", run(number)));
  const std::vector<StoredReport> found = ReportReader(pool_).find({.backupfilename = "a.zip", .count_max = 2});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].report.run_id, run(3));
}

TEST_F(ReportReaderTest, ANameIsComparedWholeAndAsItIs) {
  write(report_of("a.zip", run(1)));
  for (const char* other : {"", "a.zi", "A.zip", "a.zip ", "%", "a_zip", "' OR 'a' = 'a"})
    EXPECT_THAT(runs_of(other), ElementsAre()) << other;
}

TEST_F(ReportReaderTest, AWriterInTheMiddleOfItsWorkHoldsUpNobody) {
  write(report_of("a.zip", run(1)));
  sql::SqliteConnection other({.file = folder_.path() / "a.db"});
  const sql::Transaction holding_the_lock(other);
  EXPECT_THAT(runs_of("a.zip"), ElementsAre(run(1)));
}

TEST_F(ReportReaderTest, AnArchiveIsFoundByItsIndex) {
  const auto plan = pool_.lease()->query(
      "EXPLAIN QUERY PLAN SELECT ip FROM backup_info WHERE backupfilename = ? ORDER BY received_at DESC, id DESC", 4,
      {"a.zip"});
  ASSERT_EQ(plan.size(), 1U);  // A second step would be the sorting.
  EXPECT_THAT(plan[0].text(3), testing::HasSubstr("USING INDEX backup_info_by_archive"));
}

TEST(Schema, ADatabaseOfTheFirstVersionIsBroughtUpToDate) {
  const test::TemporaryFolder folder;
  sql::SqliteConnection connection({.file = folder.path() / "a.db"});
  sql::migrate(connection, migrations().first(1));
  EXPECT_EQ(sql::migrate(connection, migrations()), static_cast<int>(migrations().size()) - 1);
}

}  // namespace
}  // namespace osbackup::database
