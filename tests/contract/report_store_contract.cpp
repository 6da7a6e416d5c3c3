#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <tuple>

#include "contract/report_database.hpp"
#include "core/error.hpp"
#include "database/report_store.hpp"
#include "sql/transaction.hpp"
#include "support/fails_with.hpp"

/// What ReportStore promises (database/report_store.hpp), tried with each database.
namespace osbackup::database {
namespace {

using report::BackupReport;

/// What stands for one host.
struct Standing {
  std::string report = "-";
  std::string success = "-";

  bool operator==(const Standing&) const = default;
  friend void PrintTo(const Standing& standing, std::ostream* out) {  // NOLINT(readability-identifier-naming)
    *out << standing.report << " / " << standing.success;
  }
};

class ReportStoreContract : public testing::TestWithParam<sql::DatabaseKind> {
 protected:
  std::vector<SetAside> apply(const std::vector<ReceivedCall>& calls) { return store_.apply(calls); }

  std::string row(const std::string& columns, const std::string& rest) { return database_.row(columns, rest); }
  std::int64_t count_rows(const std::string& table) { return database_.count_rows(table); }

  std::map<std::string, Standing> standings() {
    std::map<std::string, Standing> found;
    for (const sql::Row& row : database_.pool().lease()->query(
             "SELECT hostname, report_run_id, report_attempt, success_run_id, success_attempt FROM hosts", 5)) {
      const auto text = [&row](std::size_t column) {
        return row.optional_text(column) ? row.text(column) + " " + row.text(column + 1) : "-";
      };
      found[row.text(0)] = {.report = text(1), .success = text(3)};
    }
    return found;
  }

  /// From now on the database refuses reports of the host `cursed`.
  void curse() {
    sql::ConnectionPool::Lease connection = database_.pool().lease();
    connection->execute(connection->dialect() == sql::Dialect::Sqlite
                            ? "CREATE TRIGGER refuse BEFORE INSERT ON backup_info WHEN NEW.hostname = 'cursed'"
                              " BEGIN SELECT RAISE(ABORT, 'no such host'); END"
                            : "CREATE TRIGGER refuse BEFORE INSERT ON backup_info FOR EACH ROW IF NEW.hostname ="
                              " 'cursed' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no such host'; END IF");
  }

  ReportDatabase database_{GetParam()};
  ReportStore store_{database_.pool()};
};

TEST_P(ReportStoreContract, KeepsEveryField) {
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

TEST_P(ReportStoreContract, WritingABatchAgainChangesNothing) {
  BackupReport report = report_from("web1");
  report.run_id = "0a1b2c3d-0000-4000-8000-000000000001";
  const std::vector<ReceivedCall> batch = {call_of(report_from("old")), call_of(report), count_of("192.0.2.7", "r")};
  apply(batch);
  apply(batch);
  EXPECT_EQ(count_rows("backup_info"), 2);
  EXPECT_EQ(count_rows("hosts"), 2);
  EXPECT_EQ(row("ip, count", "backup_count"), "192.0.2.7 1");
}

TEST_P(ReportStoreContract, AReceiptCountsOnceForEachUser) {
  apply({count_of("192.0.2.7", "a"), count_of("192.0.2.7", "a"), count_of("192.0.2.7", "b")});
  EXPECT_EQ(row("count", "backup_count"), "2");
  apply({count_of("192.0.2.7", "a", "other")});
  EXPECT_EQ(row("count", "backup_count"), "3");
}

TEST_P(ReportStoreContract, ForgetsOldReceiptsOnly) {
  apply({count_of("192.0.2.7", "a")});
  EXPECT_EQ(store_.forget_receipts_before(at(kReceived)), 0U);
  EXPECT_EQ(store_.forget_receipts_before(at(kReceived) + std::chrono::seconds(1)), 1U);
  EXPECT_EQ(row("count", "backup_count"), "1");
}

TEST_P(ReportStoreContract, AHigherAttemptReplacesInAnyOrder) {
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

TEST_P(ReportStoreContract, TheNewestRunStandsForItsHostInAnyOrder) {
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

TEST_P(ReportStoreContract, ASupersededAttemptThatComesLateDoesNotStandForItsHost) {
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

TEST_P(ReportStoreContract, NobodyTouchesAnotherUsersHost) {
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

TEST_P(ReportStoreContract, ReceiptsThatAreKnownAmongNewOnesCountNothing) {
  apply({count_of("192.0.2.7", "b"), count_of("192.0.2.8", "d")});
  apply({count_of("192.0.2.7", "a"), count_of("192.0.2.7", "b"), count_of("192.0.2.8", "c"), count_of("192.0.2.8", "d"),
         count_of("192.0.2.8", "e")});
  EXPECT_EQ(row("count", "backup_count WHERE ip = '192.0.2.7'"), "2");
  EXPECT_EQ(row("count", "backup_count WHERE ip = '192.0.2.8'"), "3");
  EXPECT_EQ(count_rows("counted"), 5);
}

TEST_P(ReportStoreContract, AnAttemptThatFailedTakesItsRunsSuccessAway) {
  for (const bool is_reversed : {false, true}) {
    const std::string hostname = is_reversed ? "web2" : "web1";
    std::vector<ReceivedCall> calls;
    for (const int attempt : {0, 1}) {
      BackupReport report = report_from(hostname);
      report.run_id = run(2);
      report.attempt = static_cast<std::uint32_t>(attempt);
      report.is_ok = attempt == 0;
      report.finished_at = "2026-11-22T09:00:00Z";
      calls.push_back(call_of(report));
    }
    BackupReport before = report_from(hostname);
    before.run_id = run(1);
    before.finished_at = "2026-11-21T09:00:00Z";
    calls.push_back(call_of(before));
    if (is_reversed) std::reverse(calls.begin(), calls.end());

    for (const ReceivedCall& call : calls) apply({call});

    EXPECT_EQ(
        row("report_run_id, report_is_ok, success_run_id, success_time", "hosts WHERE hostname = '" + hostname + "'"),
        run(2) + " 0 " + run(1) + " 2026-11-21T09:00:00Z");
  }
}

TEST_P(ReportStoreContract, EveryReportKnowsWhenItsBackupEnded) {
  BackupReport report = report_from("web1");
  report.run_id = run(1);
  report.finished_at = "2026-11-23T08:50:00Z";
  report.sent_at = "2026-11-23T09:00:00Z";
  apply({call_of(report), call_of(report_from("old"))});
  EXPECT_EQ(row("ended_at, skew_seconds", "backup_info WHERE hostname = 'web1'"), "2026-11-23T09:50:00Z 3600");
  EXPECT_EQ(row("ended_at, skew_seconds", "backup_info WHERE hostname = 'old'"), "2026-11-23T10:00:00Z -");
  EXPECT_EQ(row("report_time, report_skew_seconds", "hosts WHERE hostname = 'web1'"), "2026-11-23T09:50:00Z 3600");
}

TEST_P(ReportStoreContract, ALargeBatchIsWrittenWhole) {
  std::vector<ReceivedCall> calls;
  for (int i = 0; i < 3000; ++i) {
    BackupReport report = report_from(fmt::format("web💾{}", i % 1000));
    report.run_id = run(i);
    report.finished_at = "2026-11-23T09:00:00Z";
    calls.push_back(call_of(report));
    calls.push_back(count_of(fmt::format("192.0.2.{}", i % 10), run(i)));
  }
  EXPECT_TRUE(apply(calls).empty());
  EXPECT_EQ(count_rows("backup_info"), 3000);
  EXPECT_EQ(count_rows("hosts WHERE report_run_id IS NOT NULL"), 1000);
  EXPECT_EQ(row("MIN(count), MAX(count)", "backup_count"), "300 300");
  EXPECT_EQ(row("success_run_id", "hosts WHERE hostname = 'web💾7'"), run(2007));
}

TEST_P(ReportStoreContract, SetsAsideWhatTheDatabaseRefusesAndWritesTheRest) {
  curse();
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
  EXPECT_THAT(refused[0].reason, testing::HasSubstr("no such host"));
  EXPECT_EQ(refused[1].receipt, "unreadable");
  EXPECT_EQ(count_rows("set_aside"), 3);
  EXPECT_EQ(row("kind, user, receipt, payload", "set_aside WHERE receipt = 'unreadable'"), "report agent unreadable {");
  EXPECT_EQ(row("hostname", "backup_info"), "web1");
  EXPECT_EQ(row("count", "backup_count"), "1");
}

TEST_P(ReportStoreContract, WhatIsSetAsideTellsWhoSentWhatWhenAndWhyItWasRefused) {
  curse();
  BackupReport report = report_from("cursed");
  report.run_id = run(1);
  report.dirs = "/it's \\ \"quoted\" \xF0\x9F\x92\xBE";
  ReceivedCall cursed = call_of(report, "2026-11-23T11:22:33Z");
  cursed.user = "other";
  ReceivedCall count = count_of("no address", run(2));

  const std::vector<SetAside> refused = apply({cursed, count});

  const std::string of_report = "set_aside WHERE receipt = '" + run(1) + "'";
  EXPECT_EQ(row("kind, user, received_at", of_report), "report other 2026-11-23T11:22:33Z");
  EXPECT_EQ(row("payload", of_report), cursed.payload);
  EXPECT_THAT(row("reason", of_report), testing::HasSubstr("no such host"));
  const std::string of_count = "set_aside WHERE receipt = '" + run(2) + "'";
  EXPECT_EQ(row("kind, user, received_at, payload", of_count), "count agent 2026-11-23T10:00:00Z no address");
  EXPECT_EQ(row("reason", of_count), "the call to be counted has no address");
  ASSERT_EQ(refused.size(), 2U);
  EXPECT_EQ(row("reason", of_report), refused[0].reason);
}

TEST(ReportStoreOnMariaDb, AReportWhoseValueDoesNotFitIsSetAside) {
  ReportDatabase database(sql::mariadb());
  database.pool().lease()->execute("ALTER TABLE backup_info MODIFY version VARCHAR(3)");
  BackupReport report = report_from("web1");
  report.version = "2026.11";
  EXPECT_EQ(ReportStore(database.pool()).apply({{call_of(report), call_of(report_from("web2"))}}).size(), 1U);
  EXPECT_THAT(database.row("reason", "set_aside"), testing::HasSubstr("too long for column 'version'"));
  EXPECT_EQ(database.row("hostname", "backup_info"), "web2");
}

TEST_P(ReportStoreContract, ALockedDatabaseIsUnavailableAndSetsNothingAside) {
  {
    const std::unique_ptr<sql::Connection> other = sql::open_connection(database_.options());
    sql::Transaction holding_the_lock(*other);
    holding_the_lock.execute("INSERT INTO hosts (user, hostname) VALUES ('agent', 'web1')");
    EXPECT_THAT([&] { apply({call_of(report_from("web1"))}); }, test::fails_with(ErrorKind::Unavailable, "write"));
  }
  EXPECT_EQ(count_rows("set_aside"), 0);
  EXPECT_TRUE(apply({call_of(report_from("web1"))}).empty());
  EXPECT_EQ(count_rows("backup_info"), 1);
}

TEST_P(ReportStoreContract, AMissingTableDelaysAndSetsNothingAside) {
  const std::vector<ReceivedCall> batch = {call_of(report_from("web1")), count_of("192.0.2.7", "r")};
  for (const std::string table : {"backup_info", "hosts", "counted", "backup_count"}) {
    SCOPED_TRACE(table);
    database_.pool().lease()->execute("ALTER TABLE " + table + " RENAME TO elsewhere");
    EXPECT_THAT([&] { apply(batch); }, test::fails_with(ErrorKind::Internal, table));
    database_.pool().lease()->execute("ALTER TABLE elsewhere RENAME TO " + table);
  }
  EXPECT_EQ(count_rows("set_aside"), 0);
  EXPECT_EQ(count_rows("backup_info"), 0);
  EXPECT_TRUE(apply(batch).empty());
  EXPECT_EQ(count_rows("hosts"), 1);
  EXPECT_EQ(row("count", "backup_count"), "1");
}

/// Calls of few hosts that get into each other's way.
class RandomCalls {
 public:
  explicit RandomCalls(std::uint32_t seed) : random_(seed) {
    for (int i = 0; i < kRuns; ++i) add_run(i);
  }

  /// All of them, some twice, in any order.
  std::vector<ReceivedCall> shuffled() {
    std::vector<ReceivedCall> calls = calls_;
    for (const ReceivedCall& call : calls_)
      if (below(4) == 0) calls.push_back(call);
    std::shuffle(calls.begin(), calls.end(), random_);
    return calls;
  }
  /// The size of the next batch.
  std::size_t batch_size() { return 1 + below(7); }

  /// What is to be found at the end.
  std::map<std::string, Standing> expected() const {
    std::vector<BackupReport> by_time = last_attempts_;
    std::sort(by_time.begin(), by_time.end(), [](const BackupReport& a, const BackupReport& b) {
      return std::tie(a.finished_at, a.run_id) < std::tie(b.finished_at, b.run_id);
    });
    std::map<std::string, Standing> expected;
    for (const BackupReport& report : by_time) {
      Standing& standing = expected[report.hostname];
      standing.report = fmt::format("{} {}", report.run_id.value(), report.attempt);
      if (report.is_ok) standing.success = standing.report;
    }
    return expected;
  }
  int counted() const { return kRuns; }

 private:
  static constexpr int kRuns = 24;

  void add_run(int number) {
    BackupReport report = report_from(fmt::format("host{}", below(3)));
    const std::size_t attempts = 1 + below(3);
    report.run_id = run(number);
    for (std::size_t attempt = 0; attempt < attempts; ++attempt) {
      report.attempt = static_cast<std::uint32_t>(attempt);
      report.is_ok = below(2) == 0;
      report.finished_at = fmt::format("2026-11-{}T09:00:00Z", 10 + below(9));
      calls_.push_back(call_of(report));
    }
    last_attempts_.push_back(report);
    calls_.push_back(count_of("192.0.2.7", run(number)));
  }
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

  std::mt19937 random_;
  std::vector<ReceivedCall> calls_;
  std::vector<BackupReport> last_attempts_;
};

TEST_P(ReportStoreContract, NoOrderAndNoRepetitionDecidesWhatIsFound) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  RandomCalls calls(seed);
  const std::vector<ReceivedCall> order = calls.shuffled();
  for (std::span<const ReceivedCall> rest = order; !rest.empty();) {
    const std::span<const ReceivedCall> batch = rest.first(std::min(calls.batch_size(), rest.size()));
    EXPECT_TRUE(store_.apply(batch).empty());
    rest = rest.subspan(batch.size());
  }
  EXPECT_EQ(standings(), calls.expected());
  EXPECT_EQ(row("count", "backup_count"), std::to_string(calls.counted()));
}

TEST_P(ReportStoreContract, NorDoesASecondServerAtTheSameTime) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  RandomCalls calls(seed);
  const auto write = [&](const std::vector<ReceivedCall>& order) {
    sql::ConnectionPool pool({.connection = database_.options()});
    for (std::span<const ReceivedCall> rest = order; !rest.empty();) {
      const std::span<const ReceivedCall> batch = rest.first(std::min<std::size_t>(5, rest.size()));
      try {
        EXPECT_TRUE(ReportStore(pool).apply(batch).empty());
        rest = rest.subspan(batch.size());
      } catch (const Error& error) {
        // The other one is at it; a server comes back later.
        if (error.kind() != ErrorKind::Unavailable) ADD_FAILURE() << error.what();
        if (error.kind() != ErrorKind::Unavailable) return;
      }
    }
  };
  {
    const std::jthread one([&, order = calls.shuffled()] { write(order); });
    const std::jthread other([&, order = calls.shuffled()] { write(order); });
  }
  EXPECT_EQ(standings(), calls.expected());
  EXPECT_EQ(row("count", "backup_count"), std::to_string(calls.counted()));
}

INSTANTIATE_TEST_SUITE_P(EveryDatabase, ReportStoreContract, ::testing::Values(sql::sqlite(), sql::mariadb()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace osbackup::database
