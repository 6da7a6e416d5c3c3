#include "server/report_writer.hpp"

#include <gmock/gmock.h>
#include <spdlog/sinks/ringbuffer_sink.h>

#include <atomic>
#include <future>

#include "core/error.hpp"
#include "database/schema.hpp"
#include "sql/sqlite_connection.hpp"
#include "sql/transaction.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::server {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ReportWriterTest : public testing::Test {
 protected:
  ReportWriterTest() { sql::migrate(*pool_.lease(), database::migrations()); }

  ReportWriter::Parts parts() {
    return {.journal = journal_,
            .store = store_,
            .clock = clock_,
            .log = log_,
            .pauses = {.attempts_max = 0,
                       .first_pause = std::chrono::milliseconds(1),
                       .longest_pause = std::chrono::milliseconds(5),
                       .wait = {}}};
  }
  void count(const std::string& receipt) {
    std::promise<std::exception_ptr> done;
    journal_.append({.seq = 0,
                     .kind = queue::CallKind::Count,
                     .receipt = receipt,
                     .user = "agent",
                     .received_at = clock_.now(),
                     .payload = "192.0.2.7"},
                    [&done](const std::exception_ptr& problem) { done.set_value(problem); });
    ASSERT_EQ(done.get_future().get(), nullptr);
  }
  std::int64_t counted() {
    return pool_.lease()->query("SELECT COALESCE(SUM(count), 0) FROM backup_count", 1).at(0).integer(0);
  }

  /// What was logged of this level.
  std::vector<std::string> logged(spdlog::level::level_enum level) {
    std::vector<std::string> found;
    for (const spdlog::details::log_msg_buffer& line : lines_->last_raw())
      if (line.level == level) found.emplace_back(line.payload.data(), line.payload.size());
    return found;
  }

  static constexpr std::chrono::seconds kLong{60};
  test::TemporaryFolder folder_;
  sql::ConnectionPool pool_{
      {.connection = sql::SqliteOptions{.file = folder_.path() / "a.db", .busy_timeout = std::chrono::seconds(0)}}};
  database::ReportStore store_{pool_};
  test::ManualClock clock_;
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> lines_ = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1000);
  spdlog::logger log_{"test", lines_};
  queue::Journal journal_{{.directory = folder_.path() / "queue"}};
};

TEST_F(ReportWriterTest, MovesWhatIsQueuedAndEmptiesTheQueue) {
  count("before");
  {
    ReportWriter writer(parts());
    for (int i = 0; i < 1200; ++i)
      journal_.append({.seq = 0,
                       .kind = queue::CallKind::Count,
                       .receipt = std::to_string(i),
                       .user = "agent",
                       .received_at = clock_.now(),
                       .payload = "192.0.2.7"},
                      [](const std::exception_ptr&) {});
    count("last");
    EXPECT_TRUE(writer.drain(kLong));
  }
  EXPECT_EQ(counted(), 1202);
  journal_.stop();
  EXPECT_EQ(journal_.depth(), 0U);
}

TEST_F(ReportWriterTest, WaitsForADatabaseThatIsAwayAndLosesNothing) {
  ReportWriter writer(parts());
  {
    sql::SqliteConnection other({.file = folder_.path() / "a.db"});
    const sql::Transaction holding_the_lock(other);
    count("a");
    count("b");
    EXPECT_FALSE(writer.drain(std::chrono::milliseconds(50)));
    EXPECT_EQ(journal_.depth(), 2U);
  }
  EXPECT_TRUE(writer.drain(kLong));
  EXPECT_EQ(counted(), 2);
}

TEST_F(ReportWriterTest, WaitsForATableThatIsMissingAndSaysOnceWhatToDo) {
  log_.set_level(spdlog::level::debug);
  pool_.lease()->execute("ALTER TABLE backup_count RENAME TO elsewhere");
  ReportWriter writer(parts());
  count("a");
  while (logged(spdlog::level::debug).size() < 3) std::this_thread::yield();

  EXPECT_THAT(logged(spdlog::level::err),
              ElementsAre(AllOf(StartsWith("the database takes no reports, 1 wait: "), HasSubstr("backup_count"),
                                EndsWith(": its tables are not as osbackupd made them, put back what was changed"))));
  EXPECT_EQ(logged(spdlog::level::warn).size(), 0U);
  pool_.lease()->execute("ALTER TABLE elsewhere RENAME TO backup_count");
  EXPECT_TRUE(writer.drain(kLong));
  EXPECT_EQ(counted(), 1);
  EXPECT_THAT(logged(spdlog::level::info), ElementsAre("the database takes reports again"));
}

TEST_F(ReportWriterTest, WritesNothingBeforeTheDatabaseIsPrepared) {
  ReportWriter::Parts needed = parts();
  std::atomic<int> tries = 0;
  std::atomic<bool> is_there = false;
  needed.prepare = [&] {
    ++tries;
    if (!is_there) throw Error(ErrorKind::Unavailable, "away");
  };
  ReportWriter writer(needed);
  count("a");
  while (tries < 3) std::this_thread::yield();
  EXPECT_EQ(counted(), 0);
  is_there = true;
  EXPECT_TRUE(writer.drain(kLong));
  EXPECT_EQ(counted(), 1);
}

TEST_F(ReportWriterTest, StopsWhileTheDatabaseIsAwayAndLeavesTheCallsInTheQueue) {
  sql::SqliteConnection other({.file = folder_.path() / "a.db"});
  {
    const sql::Transaction holding_the_lock(other);
    ReportWriter writer(parts());
    count("a");
    writer.stop();
    EXPECT_EQ(journal_.depth(), 1U);
  }
  ReportWriter next(parts());
  EXPECT_TRUE(next.drain(kLong));
  EXPECT_EQ(counted(), 1);
}

TEST_F(ReportWriterTest, ForgetsReceiptsAfterFourHundredDays) {
  ReportWriter writer(parts());
  count("old");
  ASSERT_TRUE(writer.drain(kLong));
  clock_.advance(std::chrono::hours(401 * 24));
  count("new");
  ASSERT_TRUE(writer.drain(kLong));
  count("newest");
  ASSERT_TRUE(writer.drain(kLong));
  EXPECT_EQ(pool_.lease()->query("SELECT receipt FROM counted ORDER BY receipt", 1).size(), 2U);
  EXPECT_EQ(counted(), 3);
}

}  // namespace
}  // namespace osbackup::server
