#include "database/report_store.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/time_format.hpp"
#include "database/report_time.hpp"
#include "database/schema.hpp"
#include "report/backup_report.hpp"
#include "sql/sqlite_connection.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::database {
namespace {

using report::BackupReport;

TimePoint at(std::string_view text) { return parse_rfc3339(text).value(); }

constexpr std::string_view kReceived = "2026-11-23T10:00:00Z";

BackupReport report_from(const std::string& hostname) {
  BackupReport report;
  report.ip = "192.0.2.7";
  report.hostname = hostname;
  report.backup_state = true;
  report.is_ok = true;
  report.backupfilename = "a.zip";
  report.file_size = "100MB";
  report.dirs = "/etc";
  report.insert_time = "2026-11-23 10:00:00";
  report.backup_time = "2026-11-23 09:30:00";
  return report;
}

/// A call as the server queues it. The receipt is the report's run id, else `old`.
ReceivedCall call_of(const BackupReport& report, std::string_view received_at = kReceived) {
  return {.kind = CallKind::Report,
          .receipt = report.run_id.value_or("old"),
          .user = "agent",
          .received_at = at(received_at),
          .payload = json::serialize(report::to_json(report))};
}

ReceivedCall count_of(const std::string& ip, const std::string& receipt, const std::string& user = "agent") {
  return {.kind = CallKind::Count, .receipt = receipt, .user = user, .received_at = at(kReceived), .payload = ip};
}

class ReportStoreTest : public testing::Test {
 protected:
  ReportStoreTest() { sql::migrate(*pool_.lease(), migrations()); }

  std::vector<SetAside> apply(const std::vector<ReceivedCall>& calls) { return store_.apply(calls); }

  /// One row of `columns` as text, NULL shown as `-`.
  std::string row(const std::string& columns, const std::string& rest) {
    const std::size_t count = static_cast<std::size_t>(std::count(columns.begin(), columns.end(), ',')) + 1;
    const auto rows = pool_.lease()->query("SELECT " + columns + " FROM " + rest, count);
    EXPECT_EQ(rows.size(), 1U) << rest;
    std::string out;
    for (std::size_t i = 0; !rows.empty() && i < count; ++i)
      out += (i > 0 ? " " : "") + rows[0].optional_text(i).value_or("-");
    return out;
  }
  std::int64_t count_rows(const std::string& table) {
    return pool_.lease()->query("SELECT COUNT(*) FROM " + table, 1).at(0).integer(0);
  }

  test::TemporaryFolder folder_;
  sql::ConnectionPool pool_{
      {.connection = sql::SqliteOptions{.file = folder_.path() / "a.db", .busy_timeout = std::chrono::seconds(0)},
       .connections_max = 2}};
  ReportStore store_{pool_};
};

TEST_F(ReportStoreTest, KeepsEveryField) {
  BackupReport report = report_from("it's \"web1\"; -- \\ \xF0\x9F\x92\xBE");
  report.run_id = "r1";
  report.attempt = 2;
  report.file_bytes = 5'000'000'000U;
  report.verified = false;
  report.error = "disk full";
  ReceivedCall call = call_of(report);
  // The parser wants a UUID; what is stored is the receipt.
  call.payload = json::serialize(report::to_json([&] {
    BackupReport valid = report;
    valid.run_id.reset();
    return valid;
  }()));

  EXPECT_TRUE(apply({call}).empty());

  EXPECT_EQ(row("hostname", "backup_info"), report.hostname);
  EXPECT_EQ(row("user, run_id, attempt, ip, backup_state, is_ok, backupfilename, file_size, dirs", "backup_info"),
            "agent r1 2 192.0.2.7 1 1 a.zip 100MB /etc");
  EXPECT_EQ(row("insert_time, backup_time, received_at", "backup_info"),
            "2026-11-23 10:00:00 2026-11-23 09:30:00 2026-11-23T10:00:00Z");
  EXPECT_EQ(row("file_bytes, files, verified, error, sent_at", "backup_info"), "5000000000 - 0 disk full -");
}

TEST_F(ReportStoreTest, WritingABatchAgainChangesNothing) {
  BackupReport report = report_from("web1");
  report.run_id = "0a1b2c3d-0000-4000-8000-000000000001";
  const std::vector<ReceivedCall> batch = {call_of(report_from("old")), call_of(report), count_of("192.0.2.7", "r")};
  apply(batch);
  apply(batch);
  EXPECT_EQ(count_rows("backup_info"), 2);
  EXPECT_EQ(count_rows("hosts"), 2);
  EXPECT_EQ(row("ip, count", "backup_count"), "192.0.2.7 1");
}

TEST_F(ReportStoreTest, AReceiptCountsOnceForEachUser) {
  apply({count_of("192.0.2.7", "a"), count_of("192.0.2.7", "a"), count_of("192.0.2.7", "b")});
  EXPECT_EQ(row("count", "backup_count"), "2");
  apply({count_of("192.0.2.7", "a", "other")});
  EXPECT_EQ(row("count", "backup_count"), "3");
}

TEST_F(ReportStoreTest, ForgetsOldReceiptsOnly) {
  apply({count_of("192.0.2.7", "a")});
  EXPECT_EQ(store_.forget_receipts_before(at(kReceived)), 0U);
  EXPECT_EQ(store_.forget_receipts_before(at(kReceived) + std::chrono::seconds(1)), 1U);
  EXPECT_EQ(row("count", "backup_count"), "1");
}

TEST_F(ReportStoreTest, AHigherAttemptReplacesInAnyOrder) {
  std::vector<int> order = {0, 1, 2};
  int round = 0;
  do {
    const std::string hostname = fmt::format("web{}", ++round);
    for (const int attempt : order) {
      BackupReport report = report_from(hostname);
      report.run_id = "0a1b2c3d-0000-4000-8000-000000000001";
      report.attempt = static_cast<std::uint32_t>(attempt);
      report.is_ok = attempt == 2;
      report.backupfilename = fmt::format("{}.zip", attempt);
      apply({call_of(report)});
    }
    const std::string of_host = " WHERE hostname = '" + hostname + "'";
    EXPECT_EQ(row("attempt, is_ok, backupfilename", "backup_info" + of_host), "2 1 2.zip");
    EXPECT_EQ(row("report_attempt, report_is_ok, report_backupfilename", "hosts" + of_host), "2 1 2.zip");
    EXPECT_EQ(row("success_attempt, success_backupfilename", "hosts" + of_host), "2 2.zip");
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(round, 6);
}

TEST_F(ReportStoreTest, TheNewestRunStandsForItsHostInAnyOrder) {
  std::vector<int> order = {1, 2, 3};
  int round = 0;
  do {
    const std::string hostname = fmt::format("web{}", ++round);
    for (const int run : order) {
      BackupReport report = report_from(hostname);
      report.run_id = fmt::format("0a1b2c3d-0000-4000-8000-00000000000{}", 9 - run);
      report.finished_at = fmt::format("2026-11-2{}T09:00:00Z", run);
      report.is_ok = run != 3;
      report.backupfilename = fmt::format("{}.zip", run);
      apply({call_of(report)});
    }
    const std::string of_host = "hosts WHERE hostname = '" + hostname + "'";
    EXPECT_EQ(row("report_time, report_is_ok, report_backupfilename", of_host), "2026-11-23T09:00:00Z 0 3.zip");
    EXPECT_EQ(row("success_time, success_backupfilename", of_host), "2026-11-22T09:00:00Z 2.zip");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(ReportStoreTest, ASupersededAttemptThatComesLateDoesNotStandForItsHost) {
  // Without finished_at the arrival is the time, and the late one would be the newest.
  BackupReport report = report_from("web1");
  report.run_id = "0a1b2c3d-0000-4000-8000-000000000001";
  report.attempt = 1;
  apply({call_of(report, "2026-11-23T10:00:00Z")});
  BackupReport other = report_from("web1");
  other.run_id = "0a1b2c3d-0000-4000-8000-000000000002";
  apply({call_of(other, "2026-11-23T11:00:00Z")});
  report.attempt = 0;
  report.is_ok = false;

  apply({call_of(report, "2026-11-23T12:00:00Z")});

  EXPECT_EQ(row("report_run_id, report_is_ok, success_run_id", "hosts"), *other.run_id + " 1 " + *other.run_id);
}

TEST_F(ReportStoreTest, NobodyTouchesAnotherUsersHost) {
  BackupReport report = report_from("web1");
  report.run_id = "0a1b2c3d-0000-4000-8000-000000000001";
  ReceivedCall mine = call_of(report);
  report.attempt = 9;
  ReceivedCall others = call_of(report);
  others.user = "other";
  apply({mine, others});
  EXPECT_EQ(row("attempt", "backup_info WHERE user = 'agent'"), "0");
  EXPECT_EQ(row("report_attempt", "hosts WHERE user = 'agent'"), "0");
}

TEST_F(ReportStoreTest, SetsAsideWhatTheDatabaseRefusesAndWritesTheRest) {
  pool_.lease()->execute(
      "CREATE TRIGGER refuse BEFORE INSERT ON hosts WHEN NEW.hostname = 'cursed' BEGIN SELECT RAISE(ABORT, 'no'); END");
  ReceivedCall unreadable = call_of(report_from("x"));
  unreadable.receipt = "unreadable";
  unreadable.payload = "{";
  ReceivedCall cursed = call_of(report_from("cursed"));
  cursed.receipt = "cursed";
  const std::vector<ReceivedCall> batch = {call_of(report_from("web1")), cursed, unreadable,
                                           count_of("nonsense", "no address"), count_of("192.0.2.7", "r")};

  const std::vector<SetAside> refused = apply(batch);
  apply(batch);

  ASSERT_EQ(refused.size(), 3U);
  EXPECT_EQ(refused[0].receipt, "cursed");
  EXPECT_THAT(refused[0].reason, testing::HasSubstr("no"));
  EXPECT_EQ(refused[1].receipt, "unreadable");
  EXPECT_EQ(count_rows("set_aside"), 3);
  EXPECT_EQ(row("kind, user, receipt, payload", "set_aside WHERE receipt = 'unreadable'"), "report agent unreadable {");
  EXPECT_EQ(row("hostname", "backup_info"), "web1");
  EXPECT_EQ(row("count", "backup_count"), "1");
}

TEST_F(ReportStoreTest, ALockedDatabaseIsUnavailableAndSetsNothingAside) {
  {
    sql::SqliteConnection other({.file = folder_.path() / "a.db"});
    const sql::Transaction holding_the_lock(other);
    try {
      apply({call_of(report_from("web1"))});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    }
  }
  EXPECT_EQ(count_rows("set_aside"), 0);
  EXPECT_TRUE(apply({call_of(report_from("web1"))}).empty());
  EXPECT_EQ(count_rows("backup_info"), 1);
}

struct Lateness {
  std::optional<std::string> sent_at;
  std::optional<std::string> finished_at;
  std::string ended_at;
  std::optional<std::int64_t> skew_seconds;
};

TEST(ReportTime, CorrectsTheHostsClockAndNeverRunsAhead) {
  const std::vector<Lateness> cases = {
      {std::nullopt, std::nullopt, "2026-11-23T10:00:00Z", std::nullopt},
      {"2026-11-23T10:00:00Z", "2026-11-23T09:50:00Z", "2026-11-23T09:50:00Z", 0},
      // The host's clock is an hour behind, or ahead.
      {"2026-11-23T09:00:00Z", "2026-11-23T08:50:00Z", "2026-11-23T09:50:00Z", 3600},
      {"2026-11-23T11:00:00Z", "2026-11-23T10:50:00Z", "2026-11-23T09:50:00Z", -3600},
      // Three weeks in an outbox.
      {"2026-11-23T10:00:00Z", "2026-11-02T09:50:00Z", "2026-11-02T09:50:00Z", 0},
      {"2026-11-23T10:00:00Z", "2027-01-01T00:00:00Z", "2026-11-23T10:00:00Z", 0},
      {std::nullopt, "2027-01-01T00:00:00Z", "2026-11-23T10:00:00Z", std::nullopt},
      {"2261-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", -7387682400},
  };
  for (const Lateness& expected : cases) {
    BackupReport report;
    report.sent_at = expected.sent_at;
    report.finished_at = expected.finished_at;
    const ReportTime time = report_time(report, at(kReceived));
    EXPECT_EQ(time.ended_at, expected.ended_at);
    EXPECT_EQ(time.skew_seconds, expected.skew_seconds);
  }
}

}  // namespace
}  // namespace osbackup::database
