#include "system/priority.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "core/error.hpp"

namespace osbackup::system {
namespace {

int nice_of_this_thread() { return getpriority(PRIO_PROCESS, 0); }
long io_priority_of_this_thread() { return syscall(SYS_ioprio_get, 1, 0); }

/// Runs on a thread of its own: its priorities end with it.
template <class Work>
void on_a_thread(Work work) {
  std::thread(work).join();
}

TEST(Priority, SetsTheNiceLevelThatLaterThreadsInherit) {
  on_a_thread([] {
    set_nice(7);
    EXPECT_EQ(nice_of_this_thread(), 7);
    on_a_thread([] { EXPECT_EQ(nice_of_this_thread(), 7); });
  });
}

TEST(Priority, SetsTheRankOfDiskAccessesThatLaterThreadsInherit) {
  on_a_thread([] {
    set_io_priority(IoClass::BestEffort, 6);
    EXPECT_EQ(io_priority_of_this_thread(), (2 << 13) | 6);
    set_io_priority(IoClass::Idle, 0);
    on_a_thread([] { EXPECT_EQ(io_priority_of_this_thread() >> 13, 3); });
  });
}

TEST(Priority, SaysWhatAProcessMayNotSet) {
  on_a_thread([] {
    // glibc's setresuid and setrlimit would act on every thread; the system call acts on this one.
    ASSERT_EQ(syscall(SYS_setresuid, 65534, 65534, 65534), 0) << "this test must run as root";
    set_nice(5);
    try {
      set_nice(1);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Denied);
      EXPECT_STREQ(error.what(), "set nice = 1: Permission denied");
    }
  });
}

}  // namespace
}  // namespace osbackup::system
