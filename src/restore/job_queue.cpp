#include "restore/job_queue.hpp"

#include <cassert>
#include <utility>

namespace osbackup::restore {

JobQueue::JobQueue(unsigned threads, std::size_t window) : window_(window) {
  assert(threads > 0 && window > 0);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

JobQueue::~JobQueue() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    jobs_.clear();
  }
  filled_.notify_all();
  threads_.clear();
}

void JobQueue::push(Job job) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return jobs_.size() < window_ || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    jobs_.push_back(std::move(job));
  }
  filled_.notify_one();
}

void JobQueue::finish() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
  threads_.clear();
  if (failure_) std::rethrow_exception(failure_);
}

void JobQueue::work() {
  Inflation inflation;
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return !jobs_.empty() || closed_ || failure_; });
      if (failure_ || jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    room_.notify_one();
    try {
      job(inflation);
    } catch (...) {
      fail(std::current_exception());
    }
  }
}

void JobQueue::fail(std::exception_ptr failure) {
  {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
  }
  room_.notify_all();
  filled_.notify_all();
}

}  // namespace osbackup::restore
