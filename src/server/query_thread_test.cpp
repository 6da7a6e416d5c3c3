#include "server/query_thread.hpp"

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>

#include <future>
#include <sstream>
#include <vector>

namespace osbackup::server {
namespace {

class QueryThreadTest : public testing::Test {
 protected:
  /// Occupies the thread until the promise is kept; returns when it is occupied.
  static void occupy(QueryThread& thread, std::promise<void>& until) {
    std::promise<void> begun;
    EXPECT_TRUE(thread.submit([&begun, &until] {
      begun.set_value();
      until.get_future().wait();
    }));
    begun.get_future().wait();
  }

  std::ostringstream text_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)};
};

TEST_F(QueryThreadTest, RunsQueriesInTheOrderInWhichTheyCame) {
  QueryThread thread(log_, {});
  std::vector<int> order;
  for (const int number : {1, 2, 3}) thread.submit([&order, number] { order.push_back(number); });
  std::promise<void> done;
  thread.submit([&done] { done.set_value(); });
  done.get_future().wait();
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3));
}

TEST_F(QueryThreadTest, TakesNoMoreThanMayWait) {
  std::promise<void> release;
  QueryThread thread(log_, {.waiting_max = 1});
  occupy(thread, release);
  EXPECT_TRUE(thread.submit([] {}));
  EXPECT_FALSE(thread.submit([] {}));
  release.set_value();
}

TEST_F(QueryThreadTest, AQueryThatThrowsIsLoggedAndEndsNoOther) {
  QueryThread thread(log_, {});
  thread.submit([] { throw std::runtime_error("a broken query"); });
  std::promise<void> done;
  thread.submit([&done] { done.set_value(); });
  done.get_future().wait();
  EXPECT_THAT(text_.str(), testing::HasSubstr("a broken query"));
}

TEST_F(QueryThreadTest, WhatWaitsWhenItStopsIsLetGo) {
  std::promise<void> release;
  QueryThread thread(log_, {});
  occupy(thread, release);
  const auto held = std::make_shared<bool>(false);
  thread.submit([held] { *held = true; });
  std::jthread stopping([&thread] { thread.stop(); });
  while (held.use_count() > 1) std::this_thread::yield();
  release.set_value();
  stopping.join();
  EXPECT_FALSE(*held);
  EXPECT_FALSE(thread.submit([] {}));
}

}  // namespace
}  // namespace osbackup::server
