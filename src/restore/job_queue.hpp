#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "restore/span_work.hpp"

namespace osbackup::restore {

/// Threads that do jobs, begun in the order in which they come; at most a window of them waits, so that memory is
/// bounded. One thread pushes.
class JobQueue {
 public:
  /// What a job inflates with is its thread's.
  using Job = std::function<void(Inflation&)>;

  JobQueue(unsigned threads, std::size_t window);
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  /// Waits for room. Throws what a job failed with.
  void push(Job job);

  /// Waits until all jobs are done. Throws what the first of them failed with; those behind it may not be done.
  void finish();

 private:
  void work();
  void fail(std::exception_ptr failure);

  const std::size_t window_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<Job> jobs_;
  bool closed_ = false;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;
};

}  // namespace osbackup::restore
