#include <fmt/format.h>
#include <gmock/gmock.h>
#include <poll.h>

#include <future>
#include <random>

#include "contract/report_database.hpp"
#include "database/report_store.hpp"
#include "sql/transaction.hpp"

/// What ReportStore promises (database/report_store.hpp) where several write to one MariaDB.
namespace osbackup::database {
namespace {

using report::BackupReport;

BackupReport report_of_run(const std::string& hostname, int number) {
  BackupReport report = report_from(hostname);
  report.run_id = run(number);
  report.finished_at = "2026-11-21T09:00:00Z";
  return report;
}

class TwoReportStores : public testing::Test {
 protected:
  sql::ConnectionOptions patient() const {
    auto options = std::get<sql::MariaDbOptions>(database_.options());
    options.lock_timeout = std::chrono::seconds(60);
    return options;
  }

  /// Waits until a session is held up in a statement on `hosts`.
  void wait_for_waiting_writer() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (int seen = 0; seen < 3;) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      const sql::Row row = database_.pool()
                               .lease()
                               ->query(
                                   "SELECT COUNT(*) FROM information_schema.processlist"
                                   " WHERE info LIKE 'INSERT INTO hosts%'",
                                   1)
                               .at(0);
      seen = row.integer(0) > 0 ? seen + 1 : 0;
      ::poll(nullptr, 0, 5);
    }
  }

  std::int64_t deadlocks() {
    return database_.pool().lease()->query("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'", 2).at(0).integer(1);
  }

  ReportDatabase database_{sql::mariadb()};
  sql::ConnectionPool pool_{{.connection = patient()}};
  ReportStore store_{pool_};
};

TEST_F(TwoReportStores, AnAttemptThatComesWhileAnotherServerWritesTheHostSeesWhatThatOneWrote) {
  BackupReport report = report_of_run("web1", 1);
  store_.apply({{call_of(report)}});
  const std::unique_ptr<sql::Connection> other = sql::open_connection(database_.options());
  std::future<void> late;
  {
    sql::Transaction writing(*other);
    writing.execute(
        "INSERT INTO backup_info (user, hostname, run_id, attempt, ip, backup_state, is_ok, backupfilename, file_size,"
        " dirs, insert_time, backup_time, received_at, ended_at) SELECT user, hostname, ?, 0, ip, backup_state, is_ok,"
        " backupfilename, file_size, dirs, insert_time, backup_time, received_at, ? FROM backup_info",
        {run(2), "2026-11-22T09:00:00Z"});
    writing.execute("UPDATE hosts SET report_run_id = ?, report_time = ?", {run(2), "2026-11-22T09:00:00Z"});
    report.attempt = 1;
    late = std::async(std::launch::async, [&] { store_.apply({{call_of(report)}}); });
    wait_for_waiting_writer();
    writing.commit();
  }
  late.get();
  EXPECT_EQ(database_.row("report_run_id, success_run_id", "hosts"), run(2) + " " + run(2));
  EXPECT_EQ(database_.row("attempt", "backup_info WHERE run_id = '" + run(1) + "'"), "1");
}

TEST_F(TwoReportStores, DoNotWaitForEachOtherWhateverHostsTheyWrite) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  constexpr int kBatches = 25;
  constexpr int kBatchCalls = 200;
  const auto write = [this](std::uint32_t writer_seed, int first_run) {
    std::mt19937 random(writer_seed);
    const auto below = [&random](int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random); };
    for (int batch = 0; batch < kBatches; ++batch) {
      std::vector<ReceivedCall> calls;
      for (int i = 0; i < kBatchCalls; ++i) {
        BackupReport report = report_of_run(fmt::format("web{}", below(1500)), first_run + batch * kBatchCalls + i);
        report.attempt = below(4) == 0 ? 1 : 0;
        calls.push_back(call_of(report));
      }
      EXPECT_TRUE(store_.apply(calls).empty());
    }
  };
  auto one = std::async(std::launch::async, write, seed, 0);
  write(seed + 1, kBatches * kBatchCalls);
  one.get();
  EXPECT_EQ(deadlocks(), 0);
  EXPECT_EQ(database_.count_rows("backup_info"), 2 * kBatches * kBatchCalls);
}

TEST_F(TwoReportStores, WhatADeadlockUndidIsWrittenOnceMore) {
  const std::unique_ptr<sql::Connection> other = sql::open_connection(patient());
  std::future<void> undone;
  {
    sql::Transaction writing(*other);
    writing.execute("INSERT INTO hosts (user, hostname) VALUES ('agent', 'web1')");
    // The database undoes the transaction that has done less.
    std::vector<sql::Values> much(500);
    for (std::size_t i = 0; i < much.size(); ++i) much[i] = {i};
    writing.execute_many("INSERT INTO counted (user, receipt, counted_at) VALUES ('other', ?, '')", much);
    undone = std::async(std::launch::async, [&] {
      EXPECT_TRUE(store_.apply({{call_of(report_of_run("web1", 1)), count_of("192.0.2.7", run(1))}}).empty());
    });
    wait_for_waiting_writer();
    EXPECT_THAT(writing.query("SELECT id FROM backup_info WHERE hostname = 'web1' FOR UPDATE", 1), testing::IsEmpty());
    writing.commit();
  }
  undone.get();
  EXPECT_GE(deadlocks(), 1);
  EXPECT_EQ(database_.row("run_id", "backup_info"), run(1));
  EXPECT_EQ(database_.row("success_run_id", "hosts"), run(1));
  EXPECT_EQ(database_.row("count", "backup_count"), "1");
}

}  // namespace
}  // namespace osbackup::database
