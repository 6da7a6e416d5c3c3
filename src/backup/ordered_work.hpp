#pragma once

#include <cassert>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace osbackup::backup {

/// Work that several threads do at once and whose results leave in the order in which the work came.
///
/// One thread pushes and closes, any number of threads call next() and complete(), one thread takes. At most `window`
/// pieces of work are between push() and take(), so memory is bounded however far the threads run apart. A failure of
/// any of them ends it for all: the others see the end, and take() throws it. A result that would be large may leave in
/// parts: emit() waits until its work is the oldest, so that no more than one result is larger than a part.
template <class Work, class Result>
class OrderedWork {
 public:
  /// One piece of work on its way.
  struct Slot {
    Work work;
    std::optional<Result> result;  ///< The whole, or a part that was not taken yet.
    bool complete = false;
  };

  explicit OrderedWork(std::size_t window) : window_(window) { assert(window > 0); }

  /// Waits for room. False when it has ended by a failure: nothing more is wanted.
  bool push(Work work) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return slots_.size() < window_ || failure_; });
    if (failure_) return false;
    slots_.push_back(std::make_unique<Slot>(Slot{.work = std::move(work), .result = std::nullopt, .complete = false}));
    lock.unlock();
    work_.notify_one();
    return true;
  }

  /// Nothing more will be pushed.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    work_.notify_all();
    done_.notify_all();
  }

  /// The oldest work that no thread has; waits for it. Nothing at the end, or after a failure.
  Slot* next() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return begun_ < slots_.size() || closed_ || failure_; });
    if (failure_ || begun_ == slots_.size()) return nullptr;
    return slots_[begun_++].get();
  }

  /// Gives a part of the result of what next() gave; complete() follows with the last. Waits until all results before
  /// it were taken. False when it has ended by a failure.
  [[nodiscard]] bool emit(Slot* slot, Result part) {
    {
      std::unique_lock lock(mutex_);
      turn_.wait(lock, [&] { return (slots_.front().get() == slot && !slot->result) || failure_; });
      if (failure_) return false;
      slot->result.emplace(std::move(part));
    }
    done_.notify_one();
    return true;
  }

  /// Gives the result of what next() gave, or the last part of it.
  void complete(Slot* slot, Result result) {
    bool is_oldest = false;
    {
      std::unique_lock lock(mutex_);
      turn_.wait(lock, [&] { return !slot->result || failure_; });
      slot->result.emplace(std::move(result));
      slot->complete = true;
      is_oldest = slots_.front().get() == slot;
    }
    if (is_oldest) done_.notify_one();
  }

  /// Ends it; the first failure counts.
  void fail(std::exception_ptr failure) {
    {
      const std::scoped_lock lock(mutex_);
      if (!failure_) failure_ = std::move(failure);
    }
    room_.notify_all();
    work_.notify_all();
    turn_.notify_all();
    done_.notify_all();
  }

  /// The next result, or part of one, in order; waits for it. Nothing after the last. Throws what fail() was given.
  std::optional<Result> take() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return failure_ || (slots_.empty() ? closed_ : slots_.front()->result.has_value()); });
    if (failure_) std::rethrow_exception(failure_);
    if (slots_.empty()) return std::nullopt;
    std::optional<Result> result = std::exchange(slots_.front()->result, std::nullopt);
    if (slots_.front()->complete) {
      slots_.pop_front();
      --begun_;
    }
    lock.unlock();
    room_.notify_one();
    turn_.notify_all();
    return result;
  }

 private:
  const std::size_t window_;
  std::mutex mutex_;
  std::condition_variable room_;             ///< For the thread that pushes.
  std::condition_variable work_;             ///< For the threads that work.
  std::condition_variable turn_;             ///< For those of them whose results leave in parts.
  std::condition_variable done_;             ///< For the thread that takes.
  std::deque<std::unique_ptr<Slot>> slots_;  ///< Oldest first.
  std::size_t begun_ = 0;                    ///< How many of them some thread has.
  bool closed_ = false;
  std::exception_ptr failure_;
};

}  // namespace osbackup::backup
