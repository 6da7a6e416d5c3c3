#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "core/error.hpp"

namespace osbackup::restore {

class SpanWork;

/// A gzip member that was read, on its way to a thread that inflates it.
struct QueuedMember {
  std::shared_ptr<SpanWork> span;    ///< That it is of.
  std::size_t number = 0;            ///< Of the member in the span.
  std::uint64_t content_bytes = 0;   ///< That it says it holds.
  std::uint64_t content_offset = 0;  ///< The sum of those before it in the span.
  bool is_last = false;              ///< Of the span.
  std::uint64_t offset = 0;          ///< In the archive.
  std::vector<std::byte> bytes = {};
  std::optional<Error> failure = {};  ///< Why nobody knows where it and those behind it are: then there are no bytes.
  std::uint64_t sequence = 0;         ///< Set by the queue.
};

/// Members between the thread that reads them and those that inflate them: at most a window of them, so that memory is
/// bounded. Thread-safe.
class MemberQueue {
 public:
  explicit MemberQueue(std::size_t window) : window_(window) {}

  /// Waits for room. False when it has failed: nothing more is wanted.
  bool push(QueuedMember member);

  /// Nothing more will be pushed.
  void close();

  /// The oldest member that no thread has; waits for it. Nothing at the end, or after a failure. The thread says done()
  /// when it is through with it.
  std::optional<QueuedMember> next();
  void done(std::uint64_t sequence);

  /// Waits until all members that came before this one are done. False when it has failed. Whoever waits here waits for
  /// threads that are at work, since members leave in order.
  bool wait_for_earlier(std::uint64_t sequence);

  /// Ends it for all; the first failure counts.
  void fail(std::exception_ptr failure);

  /// What fail() was given; null when nothing failed.
  std::exception_ptr failure() const;

 private:
  const std::size_t window_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::condition_variable done_;
  std::deque<QueuedMember> waiting_;
  std::set<std::uint64_t> at_work_;  ///< The sequence numbers of what threads have.
  std::uint64_t next_sequence_ = 0;
  bool closed_ = false;
  std::exception_ptr failure_;
};

}  // namespace osbackup::restore
