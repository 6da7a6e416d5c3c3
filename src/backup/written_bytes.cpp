#include "backup/written_bytes.hpp"

#include "core/error.hpp"

namespace osbackup::backup {

void WrittenBytes::add(std::uint64_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    count_ += bytes;
  }
  wake_.notify_one();
}

void WrittenBytes::finish() {
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::Growing) state_ = State::Finished;
  }
  wake_.notify_one();
}

void WrittenBytes::abandon(const std::string& reason) {
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::Growing) return;
    state_ = State::Abandoned;
    reason_ = reason;
  }
  wake_.notify_one();
}

std::uint64_t WrittenBytes::wait_beyond(std::uint64_t offset, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, stop, [&] { return count_ > offset || state_ != State::Growing; });
  if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped while waiting for the archive to grow");
  if (state_ == State::Abandoned) throw Error(ErrorKind::Cancelled, "the archive will not be complete: " + reason_);
  return count_ > offset ? count_ : offset;
}

std::uint64_t WrittenBytes::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

std::optional<std::uint64_t> WrittenBytes::total() const {
  const std::scoped_lock lock(mutex_);
  return state_ == State::Finished ? std::optional(count_) : std::nullopt;
}

}  // namespace osbackup::backup
