#include "server/query_thread.hpp"

namespace osbackup::server {

QueryThread::QueryThread(spdlog::logger& log, Options options)
    : log_(log), options_(options), thread_([this](const std::stop_token& stop) { run(stop); }) {}

QueryThread::~QueryThread() { stop(); }

bool QueryThread::submit(Query query) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || waiting_.size() >= options_.waiting_max) return false;
  waiting_.push_back(std::move(query));
  came_.notify_one();
  return true;
}

void QueryThread::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (came_.wait(lock, stop, [this] { return !waiting_.empty(); }) && !stop.stop_requested()) {
    Query query = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    try {
      query();
    } catch (const std::exception& problem) {
      // The edge of this thread: one request's failure does not end the others. It is answered 500 as it goes.
      log_.error("query: {}", problem.what());
    }
    // What it holds answers as it goes, which must not happen under the lock.
    query = nullptr;
    lock.lock();
  }
}

void QueryThread::stop() {
  std::deque<Query> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(waiting_);
  }
  dropped.clear();
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace osbackup::server
