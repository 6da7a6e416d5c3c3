#include "restore/member_queue.hpp"

#include <utility>

namespace osbackup::restore {

bool MemberQueue::push(QueuedMember member) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return waiting_.size() < window_ || failure_; });
    if (failure_) return false;
    member.sequence = next_sequence_++;
    waiting_.push_back(std::move(member));
  }
  filled_.notify_one();
  return true;
}

void MemberQueue::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
}

std::optional<QueuedMember> MemberQueue::next() {
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [this] { return !waiting_.empty() || closed_ || failure_; });
  if (failure_ || waiting_.empty()) return std::nullopt;
  QueuedMember member = std::move(waiting_.front());
  waiting_.pop_front();
  at_work_.insert(member.sequence);
  lock.unlock();
  room_.notify_one();
  return member;
}

void MemberQueue::done(std::uint64_t sequence) {
  {
    const std::scoped_lock lock(mutex_);
    at_work_.erase(sequence);
  }
  done_.notify_all();
}

bool MemberQueue::wait_for_earlier(std::uint64_t sequence) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return *at_work_.begin() == sequence || failure_; });
  return !failure_;
}

void MemberQueue::fail(std::exception_ptr failure) {
  {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
  }
  room_.notify_all();
  filled_.notify_all();
  done_.notify_all();
}

std::exception_ptr MemberQueue::failure() const {
  const std::scoped_lock lock(mutex_);
  return failure_;
}

}  // namespace osbackup::restore
