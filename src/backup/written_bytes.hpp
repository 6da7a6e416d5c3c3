#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace osbackup::backup {

/// How far an archive is written, for a reader that waits on it. Thread-safe; what was written before add() is seen by
/// whom wait_beyond() told of it.
class WrittenBytes {
 public:
  void add(std::uint64_t bytes);

  /// No more will come, and what came is the whole archive.
  void finish();

  /// No more will come, and the archive is not whole; whoever waits is told the reason. Nothing after finish().
  void abandon(const std::string& reason);

  /// Waits for more than `offset` bytes and returns how many there are; `offset` itself when the archive ends there.
  /// Cancelled when `stop` is requested, or when it was abandoned.
  std::uint64_t wait_beyond(std::uint64_t offset, const std::stop_token& stop) const;

  std::uint64_t count() const;

  /// All of them, once it is finished.
  std::optional<std::uint64_t> total() const;

 private:
  enum class State { Growing, Finished, Abandoned };

  mutable std::mutex mutex_;
  mutable std::condition_variable_any wake_;
  std::uint64_t count_ = 0;
  State state_ = State::Growing;
  std::string reason_;
};

}  // namespace osbackup::backup
