#pragma once

#include <atomic>
#include <chrono>

#include "core/clock.hpp"

namespace osbackup::test {

/// A clock that stands still until it is moved. Thread-safe.
class ManualClock final : public Clock {
 public:
  /// 2026-11-23T09:30:00Z unless told otherwise.
  explicit ManualClock(TimePoint now = TimePoint(std::chrono::seconds(1'795'426'200))) : now_(now) {}

  TimePoint now() const override { return now_.load(); }
  void set(TimePoint now) { now_ = now; }
  void advance(std::chrono::nanoseconds duration) { now_ = now_.load() + duration; }

 private:
  std::atomic<TimePoint> now_;
};

}  // namespace osbackup::test
