#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace osbackup::http {

class Session;

/// What a new connection gets.
enum class Admission {
  Serve,
  Refuse,  ///< Answer 503 and close: there are too many.
  Drop,    ///< Close at once: even the refusals are too many, or the listener stops.
};

/// The open connections. Thread-safe.
class Connections {
 public:
  explicit Connections(std::size_t serve_max) : serve_max_(serve_max) {}

  /// Remembers the connection unless the answer is Drop.
  Admission add(const std::shared_ptr<Session>& session);
  void remove(const Session* session);

  /// Ends idle connections, lets the others end after the answer they are at, and drops new ones.
  void stop();

  /// Whether all were gone before the time had passed.
  bool wait_until_none(std::chrono::milliseconds patience);

 private:
  const std::size_t serve_max_;
  std::mutex mutex_;
  std::condition_variable none_;
  struct Open {
    std::weak_ptr<Session> session;
    Admission admission;
  };
  std::map<const Session*, Open> open_;
  std::size_t served_ = 0;  ///< Of those in `open_`; the others are being refused.
  bool stopping_ = false;
};

}  // namespace osbackup::http
