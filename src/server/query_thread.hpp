#pragma once

#include <spdlog/logger.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace osbackup::server {

/// Runs queries one after another on a thread of its own, so that no I/O thread waits for the database. Thread-safe.
class QueryThread {
 public:
  using Query = std::function<void()>;

  struct Options {
    std::size_t waiting_max = 256;
  };

  /// `log` outlives the object, and is told what a query throws.
  QueryThread(spdlog::logger& log, Options options);

  /// stop()
  ~QueryThread();

  /// Runs the query later; false when too many wait already, or the thread has stopped. Does not block.
  bool submit(Query query);

  /// Ends after the query at hand; what waits is dropped. May be called again.
  void stop();

 private:
  void run(const std::stop_token& stop);

  spdlog::logger& log_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable_any came_;
  std::deque<Query> waiting_;
  bool stopped_ = false;
  std::jthread thread_;
};

}  // namespace osbackup::server
