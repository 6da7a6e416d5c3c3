#include <gmock/gmock.h>

#include "contract/report_database.hpp"
#include "database/report_reader.hpp"
#include "database/report_store.hpp"
#include "sql/transaction.hpp"

/// What ReportReader promises (database/report_reader.hpp), tried with each database.
namespace osbackup::database {
namespace {

using report::BackupReport;
using testing::ElementsAre;

BackupReport report_of(const std::string& archive, const std::string& run_id) {
  BackupReport report = report_from("web1");
  report.is_ok = false;
  report.backupfilename = archive;
  report.run_id = run_id;
  return report;
}

class ReportReaderContract : public testing::TestWithParam<sql::DatabaseKind> {
 protected:
  void write(const BackupReport& report, const std::string& user = "agent", std::string_view received_at = kReceived) {
    ReceivedCall call = call_of(report, received_at);
    call.user = user;
    EXPECT_TRUE(ReportStore(database_.pool()).apply({&call, 1}).empty());
  }
  std::vector<StoredReport> find(const std::string& archive, const std::optional<std::string>& user = {}) {
    return ReportReader(database_.pool()).find({.backupfilename = archive, .user = user, .count_max = 10});
  }
  std::vector<std::string> runs_of(const std::string& archive, const std::optional<std::string>& user = {}) {
    std::vector<std::string> runs;
    for (const StoredReport& stored : find(archive, user)) runs.push_back(stored.report.run_id.value());
    return runs;
  }

  ReportDatabase database_{GetParam()};
};

TEST_P(ReportReaderContract, EveryFieldComesBackAsItWasReported) {
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

TEST_P(ReportReaderContract, WhatWasNotReportedIsNotThere) {
  const BackupReport report = report_of("a.zip", run(1));
  write(report);
  EXPECT_EQ(find("a.zip").at(0).report, report);
}

TEST_P(ReportReaderContract, TheReportThatWasReceivedLastComesFirst) {
  write(report_of("a.zip", run(1)), "agent", "2026-11-23T12:00:00Z");
  write(report_of("a.zip", run(2)), "agent", "2026-11-23T10:00:00Z");
  write(report_of("a.zip", run(3)), "other", "2026-11-23T11:00:00Z");
  write(report_of("a.zip", run(4)), "agent", "2026-11-23T11:00:00Z");
  write(report_of("b.zip", run(5)), "agent", "2026-11-23T13:00:00Z");
  EXPECT_THAT(runs_of("a.zip"), ElementsAre(run(1), run(4), run(3), run(2)));
}

TEST_P(ReportReaderContract, OfOneUserThereAreHisOwnAlone) {
  write(report_of("a.zip", run(1)), "agent");
  write(report_of("a.zip", run(2)), "other");
  EXPECT_THAT(runs_of("a.zip", "other"), ElementsAre(run(2)));
  EXPECT_THAT(runs_of("a.zip", "nobody"), ElementsAre());
}

TEST_P(ReportReaderContract, NoMoreComeThanWereWanted) {
  for (const int number : {1, 2, 3}) write(report_of("a.zip", run(number)));
  const std::vector<StoredReport> found =
      ReportReader(database_.pool()).find({.backupfilename = "a.zip", .count_max = 2});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].report.run_id, run(3));
}

TEST_P(ReportReaderContract, ANameIsComparedWholeAndAsItIs) {
  write(report_of("a.zip", run(1)));
  for (const char* other : {"", "a.zi", "A.zip", "a.zip ", "%", "a_zip", "' OR 'a' = 'a"})
    EXPECT_THAT(runs_of(other), ElementsAre()) << other;
}

TEST_P(ReportReaderContract, AWriterInTheMiddleOfItsWorkHoldsUpNobody) {
  write(report_of("a.zip", run(1)));
  const std::unique_ptr<sql::Connection> other = sql::open_connection(database_.options());
  sql::Transaction holding_the_lock(*other);
  holding_the_lock.execute("UPDATE backup_info SET ip = '192.0.2.9'");
  EXPECT_THAT(runs_of("a.zip"), ElementsAre(run(1)));
}

INSTANTIATE_TEST_SUITE_P(EveryDatabase, ReportReaderContract, ::testing::Values(sql::sqlite(), sql::mariadb()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace osbackup::database
