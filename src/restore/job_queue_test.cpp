#include "restore/job_queue.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>

#include "core/error.hpp"
#include "support/fails_with.hpp"

namespace osbackup::restore {
namespace {

TEST(JobQueue, DoesAllJobs) {
  std::atomic<int> sum = 0;
  JobQueue jobs(3, 4);

  for (int i = 1; i <= 100; ++i) jobs.push([&sum, i](Inflation&) { sum += i; });
  jobs.finish();

  EXPECT_EQ(sum, 5'050);
}

TEST(JobQueue, DoesAsManyJobsAtOnceAsItHasThreads) {
  std::latch all(3);
  JobQueue jobs(3, 4);

  for (int i = 0; i < 3; ++i) jobs.push([&all](Inflation&) { all.arrive_and_wait(); });

  jobs.finish();
}

TEST(JobQueue, ThrowsWhatAJobFailedWith) {
  JobQueue jobs(2, 4);
  jobs.push([](Inflation&) { throw Error(ErrorKind::Unavailable, "no"); });

  EXPECT_THAT([&] { jobs.finish(); }, test::fails_with(ErrorKind::Unavailable, "no"));
}

TEST(JobQueue, DoesNotWaitForRoomAfterAFailure) {
  JobQueue jobs(1, 1);

  EXPECT_THAT(
      [&] {
        while (true) jobs.push([](Inflation&) { throw Error(ErrorKind::Unavailable, "no"); });
      },
      test::fails_with(ErrorKind::Unavailable, "no"));
}

TEST(JobQueue, IsEndedWithoutDoingWhatWaits) {
  std::latch begun(1);
  std::latch go_on(1);
  std::atomic<int> done = 0;
  {
    JobQueue jobs(1, 10);
    jobs.push([&](Inflation&) {
      begun.count_down();
      go_on.wait();
    });
    begun.wait();
    for (int i = 0; i < 5; ++i) jobs.push([&](Inflation&) { ++done; });
    go_on.count_down();
  }

  EXPECT_LE(done, 5);
}

}  // namespace
}  // namespace osbackup::restore
