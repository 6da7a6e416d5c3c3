#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

namespace osbackup::system {

/// Turns SIGINT, SIGTERM, SIGHUP and SIGQUIT into a stop request, and SIGUSR1 into a call, on a thread of its own.
///
/// Made before any other thread, since it blocks these signals for all threads that start later. SIGPIPE and SIGXFSZ
/// are ignored: what writes gets EPIPE, and EFBIG.
/// One object a process.
class SignalWatch {
 public:
  /// `on_status`, if there is one, is called for each SIGUSR1; it must not throw.
  explicit SignalWatch(std::function<void()> on_status);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  std::stop_token stop_token() const { return source_.get_token(); }

  /// The signal that asked to stop; 0 when none did.
  int received() const noexcept { return received_; }

 private:
  void watch(const std::stop_token& end);

  std::function<void()> on_status_;
  std::stop_source source_;
  std::atomic<int> received_ = 0;
  std::jthread thread_;
};

}  // namespace osbackup::system
