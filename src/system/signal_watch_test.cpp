#include "system/signal_watch.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>

namespace osbackup::system {
namespace {

/// Runs `behaves` in a process of its own, since a watch changes the signals of the whole process.
template <class Behaves>
void expect_in_child(Behaves behaves) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // What is in the background of a shell has some ignored.
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) std::signal(number, SIG_DFL);
    _exit(behaves() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

void wait_for_stop(const SignalWatch& watch) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, watch.stop_token(), [] { return false; });
}

TEST(SignalWatch, TurnsSigtermAndSigintIntoAStopRequest) {
  for (const int number : {SIGTERM, SIGINT}) {
    expect_in_child([number] {
      const SignalWatch watch([] {});
      const bool quiet = watch.received() == 0 && !watch.stop_token().stop_requested();
      kill(getpid(), number);
      wait_for_stop(watch);
      return quiet && watch.received() == number;
    });
  }
}

TEST(SignalWatch, CallsForEachStatusSignalAndGoesOn) {
  expect_in_child([] {
    std::mutex mutex;
    std::condition_variable changed;
    int calls = 0;
    const SignalWatch watch([&] {
      const std::lock_guard lock(mutex);
      ++calls;
      changed.notify_all();
    });
    for (int expected = 1; expected <= 3; ++expected) {
      kill(getpid(), SIGUSR1);
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return calls == expected; });
    }
    return watch.received() == 0;
  });
}

TEST(SignalWatch, NeedsNobodyWhoAsksForTheStatus) {
  expect_in_child([] {
    const SignalWatch watch(nullptr);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGTERM);
    wait_for_stop(watch);
    return true;
  });
}

TEST(SignalWatch, KeepsABrokenPipeFromEndingTheProcess) {
  expect_in_child([] {
    const SignalWatch watch([] {});
    raise(SIGPIPE);
    return true;
  });
}

TEST(SignalWatch, EndsWithoutASignalAndWithoutACall) {
  expect_in_child([] {
    std::atomic<int> calls = 0;
    for (int i = 0; i < 100; ++i) const SignalWatch watch([&] { ++calls; });
    return calls == 0;
  });
}

}  // namespace
}  // namespace osbackup::system
