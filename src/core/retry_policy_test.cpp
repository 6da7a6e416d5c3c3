#include "core/retry_policy.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace osbackup {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class WithRetries : public testing::Test {
 protected:
  std::vector<std::chrono::milliseconds> pauses_;
  std::vector<std::string> troubles_;
  RetryPolicy policy_{.attempts_max = 3, .wait = [this](std::chrono::milliseconds pause) { pauses_.push_back(pause); }};

  template <class Action>
  auto run(Action action) {
    return with_retries(
        policy_, [this](const std::string& message) { troubles_.push_back(message); }, action);
  }
};

TEST(RetryPolicy, DoublesItsPauseUpToTheLongest) {
  const RetryPolicy policy{.first_pause = 1000ms, .longest_pause = 5000ms, .wait = {}};
  EXPECT_EQ(policy.pause_after(1), 1000ms);
  EXPECT_EQ(policy.pause_after(2), 2000ms);
  EXPECT_EQ(policy.pause_after(3), 4000ms);
  EXPECT_EQ(policy.pause_after(4), 5000ms);
  EXPECT_EQ(policy.pause_after(1'000'000), 5000ms);
}

TEST(RetryPolicy, NeverPausesLongerThanTheLongest) {
  const RetryPolicy policy{.first_pause = 10s, .longest_pause = 1s, .wait = {}};
  EXPECT_EQ(policy.pause_after(1), 1s);
}

TEST_F(WithRetries, GivesWhatTheActionGivesWithoutAPause) {
  EXPECT_EQ(run([] { return 7; }), 7);
  EXPECT_THAT(pauses_, testing::IsEmpty());
}

TEST_F(WithRetries, TriesAgainWhileTheTroubleIsPassing) {
  int calls = 0;
  const int result = run([&] {
    if (++calls < 3) throw Error(ErrorKind::Unavailable, "connection reset");
    return calls;
  });
  EXPECT_EQ(result, 3);
  EXPECT_THAT(pauses_, ElementsAre(1000ms, 2000ms));
  EXPECT_THAT(troubles_, ElementsAre("connection reset", "connection reset"));
}

TEST_F(WithRetries, ThrowsTheLastFailure) {
  int calls = 0;
  EXPECT_THROW(run([&]() -> int { throw Error(ErrorKind::Unavailable, std::to_string(++calls)); }), Error);
  EXPECT_EQ(calls, 3);
  EXPECT_THAT(troubles_, ElementsAre("1", "2"));
}

TEST_F(WithRetries, DoesNotTryAgainWhatWillFailAgain) {
  int calls = 0;
  EXPECT_THROW(run([&] {
                 ++calls;
                 throw Error(ErrorKind::Denied, "no");
               }),
               Error);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace osbackup
