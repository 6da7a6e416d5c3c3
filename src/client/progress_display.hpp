#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "client/console.hpp"

namespace osbackup::client {

/// Shows a command's progress on a thread of its own for as long as it lives: five times a second on a terminal, once a
/// second with --json, not at all elsewhere.
class ProgressDisplay {
 public:
  ProgressDisplay(Console& console, const ProgressView& progress);

 private:
  void show(const std::stop_token& stop, std::chrono::milliseconds interval);
  std::chrono::milliseconds elapsed() const;

  Console& console_;
  const ProgressView& progress_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace osbackup::client
