#include "queue/journal.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <map>
#include <optional>

#include "core/error.hpp"
#include "sql/sqlite_connection.hpp"
#include "sql/transaction.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::queue {
namespace {

Call call(const std::string& receipt) {
  return {.kind = CallKind::Report,
          .receipt = receipt,
          .user = "agent",
          .received_at = TimePoint(std::chrono::seconds(1'700'000'000)),
          .payload = "{\"it's\":\"\xC3\xA9\"}"};
}

/// Waits for the outcome of one call.
class Outcome {
 public:
  Completion completion() {
    return [promise = promise_](const std::exception_ptr& problem) { promise->set_value(problem); };
  }
  /// The kind of its error; nothing when the call is safe.
  std::optional<ErrorKind> kind() {
    try {
      if (const std::exception_ptr problem = future_.get()) std::rethrow_exception(problem);
      return std::nullopt;
    } catch (const Error& error) {
      return error.kind();
    }
  }

 private:
  std::shared_ptr<std::promise<std::exception_ptr>> promise_ = std::make_shared<std::promise<std::exception_ptr>>();
  std::future<std::exception_ptr> future_ = promise_->get_future();
};

class JournalTest : public testing::Test {
 protected:
  void append(Journal& journal, const std::string& receipt) {
    Outcome outcome;
    journal.append(call(receipt), outcome.completion());
    ASSERT_EQ(outcome.kind(), std::nullopt);
  }
  static std::vector<std::string> receipts(const std::vector<Call>& calls) {
    std::vector<std::string> out;
    out.reserve(calls.size());
    for (const Call& stored : calls) out.push_back(stored.receipt);
    return out;
  }
  using Receipts = std::vector<std::string>;

  test::TemporaryFolder folder_;
  JournalOptions options_{.directory = folder_.path() / "queue"};
};

TEST_F(JournalTest, GivesBackACallAsItWas) {
  Journal journal(options_);
  append(journal, "r1");

  const std::vector<Call> calls = journal.take(0, 10);

  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].seq, 1U);
  EXPECT_EQ(calls[0].kind, CallKind::Report);
  EXPECT_EQ(calls[0].receipt, "r1");
  EXPECT_EQ(calls[0].user, "agent");
  EXPECT_EQ(calls[0].received_at, call("").received_at);
  EXPECT_EQ(calls[0].payload, call("").payload);
}

TEST_F(JournalTest, GivesCallsInTheirOrderAndInPieces) {
  Journal journal(options_);
  for (const char* receipt : {"a", "b", "c"}) append(journal, receipt);
  EXPECT_EQ(receipts(journal.take(0, 2)), (Receipts{"a", "b"}));
  EXPECT_EQ(receipts(journal.take(2, 2)), (Receipts{"c"}));
  EXPECT_EQ(journal.take(3, 2).size(), 0U);
}

TEST_F(JournalTest, KeepsWhatIsNotFinishedForTheNextProcess) {
  {
    Journal journal(options_);
    for (const char* receipt : {"a", "b", "c"}) append(journal, receipt);
    journal.finished(2);
    journal.stop();
    EXPECT_EQ(journal.depth(), 1U);
  }
  Journal journal(options_);
  EXPECT_EQ(journal.depth(), 1U);
  EXPECT_EQ(receipts(journal.take(0, 10)), (Receipts{"c"}));
  append(journal, "d");
  EXPECT_EQ(receipts(journal.take(3, 10)), (Receipts{"d"}));
}

TEST_F(JournalTest, RefusesAtOnceWhatIsOverItsLimit) {
  options_.calls_max = 2;
  Journal journal(options_);
  append(journal, "a");
  append(journal, "b");
  EXPECT_THROW(journal.append(call("c"), [](const std::exception_ptr&) { FAIL(); }), Error);
}

TEST_F(JournalTest, AFinishedCallMakesRoomForAnother) {
  options_.calls_max = 1;
  Journal journal(options_);
  append(journal, "a");
  journal.finished(1);
  while (journal.depth() > 0) std::this_thread::yield();
  append(journal, "b");
  EXPECT_EQ(receipts(journal.take(1, 10)), (Receipts{"b"}));
}

TEST_F(JournalTest, RefusesMoreBytesThanMayWait) {
  options_.waiting_bytes_max = 10;
  Journal journal(options_);
  try {
    journal.append(call("a"), [](const std::exception_ptr&) { FAIL(); });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  }
}

TEST_F(JournalTest, StoresAndAnswersWhatItAcceptedBeforeItStops) {
  constexpr int kCalls = 200;
  std::atomic<int> safe = 0;
  Journal journal(options_);
  for (int i = 0; i < kCalls; ++i)
    journal.append(call(std::to_string(i)), [&safe](const std::exception_ptr& problem) { safe += problem ? 0 : 1; });

  journal.stop();

  EXPECT_EQ(safe, kCalls);
  EXPECT_THROW(journal.append(call("late"), [](const std::exception_ptr&) {}), Error);
  EXPECT_EQ(journal.take(0, 1000).size(), static_cast<std::size_t>(kCalls));
}

TEST_F(JournalTest, ManyThreadsLoseNothingAndShareCommits) {
  Journal journal(options_);
  std::atomic<int> safe = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 250; ++i)
          journal.append(call(fmt::format("{}-{}", t, i)),
                         [&safe](const std::exception_ptr& problem) { safe += problem ? 0 : 1; });
      });
  }
  journal.stop();
  EXPECT_EQ(safe, 1000);
  std::map<std::string, int> seen;
  for (const Call& stored : journal.take(0, 2000)) ++seen[stored.receipt];
  EXPECT_EQ(seen.size(), 1000U);
}

TEST_F(JournalTest, WakesTheReaderWhenACallIsStored) {
  Journal journal(options_);
  std::stop_source stop;
  auto woken = std::async(std::launch::async, [&] { return journal.wait_for_calls(0, stop.get_token()); });
  append(journal, "a");
  EXPECT_TRUE(woken.get());
  auto stopped = std::async(std::launch::async, [&] { return journal.wait_for_calls(1, stop.get_token()); });
  stop.request_stop();
  EXPECT_FALSE(stopped.get());
}

TEST_F(JournalTest, ASecondProcessIsKeptOut) {
  const Journal journal(options_);
  try {
    const Journal second(options_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Locked);
  }
}

TEST_F(JournalTest, TellsTheCallersWhenTheDiskRefuses) {
  Journal journal(options_);
  sql::SqliteConnection other({.file = options_.directory / "journal.db"});
  other.execute("CREATE TRIGGER refuse BEFORE INSERT ON calls BEGIN SELECT RAISE(ABORT, 'no'); END");
  Outcome refused;
  journal.append(call("a"), refused.completion());
  EXPECT_NE(refused.kind(), std::nullopt);
  other.execute("DROP TRIGGER refuse");
  append(journal, "b");
  EXPECT_EQ(receipts(journal.take(0, 10)), (Receipts{"b"}));
  EXPECT_EQ(journal.depth(), 1U);
}

TEST_F(JournalTest, ARemovalThatFailedIsTriedAgainWithoutAnotherCall) {
  Journal journal(options_);
  append(journal, "a");
  sql::SqliteConnection other({.file = options_.directory / "journal.db"});
  other.execute("CREATE TRIGGER refuse BEFORE DELETE ON calls BEGIN SELECT RAISE(ABORT, 'no'); END");
  journal.finished(1);
  Outcome refused;  // Since it shares its commit with the removal.
  journal.append(call("b"), refused.completion());
  ASSERT_NE(refused.kind(), std::nullopt);
  other.execute("DROP TRIGGER refuse");

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (journal.depth() > 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();

  EXPECT_EQ(journal.depth(), 0U);
}

TEST_F(JournalTest, StopsAlthoughWhatIsFinishedCannotBeRemoved) {
  Journal journal(options_);
  append(journal, "a");
  sql::SqliteConnection other({.file = options_.directory / "journal.db"});
  other.execute("CREATE TRIGGER refuse BEFORE DELETE ON calls BEGIN SELECT RAISE(ABORT, 'no'); END");
  journal.finished(1);

  journal.stop();

  EXPECT_EQ(journal.depth(), 1U);
}

TEST_F(JournalTest, FlushRefusesNewCallsAndWaitsForTheAcceptedOnes) {
  Journal journal(options_);
  sql::SqliteConnection other({.file = options_.directory / "journal.db"});
  std::optional<sql::Transaction> lock(std::in_place, other);
  Outcome outcome;
  journal.append(call("a"), outcome.completion());

  EXPECT_FALSE(journal.flush(std::chrono::milliseconds(0)));
  EXPECT_THROW(journal.append(call("b"), [](const std::exception_ptr&) { FAIL(); }), Error);
  lock.reset();
  EXPECT_TRUE(journal.flush(std::chrono::seconds(60)));

  EXPECT_EQ(journal.last_stored_seq(), 1U);
  EXPECT_EQ(outcome.kind(), std::nullopt);
}

/// In the child: appends for ever, and writes the receipt of each call that is safe to the pipe.
[[noreturn]] void append_until_killed(const JournalOptions& options, int acknowledged, int round) {
  Journal journal(options);
  for (int i = 0;; ++i) {
    const std::string receipt = fmt::format("{:04}-{:08}\n", round, i);
    try {
      journal.append(call(receipt), [receipt, acknowledged](const std::exception_ptr& problem) {
        if (!problem && write(acknowledged, receipt.data(), receipt.size()) < 0) _exit(1);
      });
    } catch (const Error&) {
      std::this_thread::yield();  // Full: the test's reader is slower.
    }
  }
}

TEST_F(JournalTest, KillLosesNoAcknowledgedCallAndDoublesNone) {
  constexpr int kKills = 4;
  constexpr std::size_t kAcknowledgedBeforeKill = 200;
  constexpr std::size_t kReceiptBytes = 14;
  options_.calls_max = 100'000;
  std::vector<std::string> acknowledged;
  for (int round = 0; round < kKills; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) append_until_killed(options_, ends[1], round);
    close(ends[1]);
    FILE* lines = fdopen(ends[0], "r");
    std::array<char, kReceiptBytes> receipt{};
    std::size_t count = 0;
    // What the child wrote before it died was acknowledged as well.
    while (fread(receipt.data(), receipt.size(), 1, lines) == 1) {
      acknowledged.emplace_back(receipt.data(), receipt.size());
      if (++count == kAcknowledgedBeforeKill) kill(child, SIGKILL);
    }
    fclose(lines);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_GE(count, kAcknowledgedBeforeKill);
  }

  Journal journal(options_);
  std::map<std::string, int> stored;
  for (const Call& found : journal.take(0, 10'000'000)) ++stored[found.receipt];
  for (const std::string& receipt : acknowledged) ASSERT_EQ(stored[receipt], 1) << receipt;
  for (const auto& [receipt, times] : stored) ASSERT_EQ(times, 1) << receipt;
}

}  // namespace
}  // namespace osbackup::queue
