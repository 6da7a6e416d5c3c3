#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>

#include "crypto/digest.hpp"

namespace osbackup::crypto {

/// The plain SHA-256 of one file whose slices several threads read: each hashes its own when the slices before it are
/// hashed, so the running state goes from thread to thread. Holes are hashed as the zeros that they read as.
///
/// Thread-safe. Slices are begun in order, so whoever waits here waits for a thread that is at work.
class SlicedDigest {
 public:
  /// Whether the slices before this one are hashed.
  bool is_turn_of(std::size_t slice) const;

  /// Waits for the turn of this slice, which the thread keeps until end_turn(). Cancelled when `stop` was requested.
  void wait_for_turn_of(std::size_t slice, const std::stop_token& stop);

  /// During a turn: the content at an offset of the file; what lies between it and what came before is a hole.
  /// Cancelled when `stop` was requested during a long hole.
  void update(std::uint64_t offset, std::span<const std::byte> bytes, const std::stop_token& stop);

  /// During the last turn: the digest of a file of this size.
  Sha256Digest finish(std::uint64_t size, const std::stop_token& stop);

  void end_turn();

 private:
  void hash_hole(std::uint64_t end, const std::stop_token& stop);

  mutable std::mutex mutex_;
  std::condition_variable_any turn_ended_;
  std::size_t next_slice_ = 0;
  Sha256 hash_;                 ///< The thread's whose turn it is.
  std::uint64_t position_ = 0;  ///< Likewise: how far it is in the file.
};

}  // namespace osbackup::crypto
