#pragma once

#include <cstddef>
#include <span>
#include <stop_token>

#include "core/byte_sink.hpp"

namespace osbackup::client {

/// This process's standard output, for bytes that must all arrive. One thread at a time.
class StandardOutput final : public ByteSink {
 public:
  /// After `stop` a write that waits for a slow reader throws Cancelled. SIGPIPE has to be ignored.
  explicit StandardOutput(std::stop_token stop);

  /// Cancelled when nobody reads any more: then is_closed().
  void write(std::span<const std::byte> bytes) override;

  /// Whether it was a pipe whose reader went away, as `head` does: no error, but there is nothing more to do.
  bool is_closed() const noexcept { return is_closed_; }

 private:
  void wait_for_room() const;

  std::stop_token stop_;
  std::size_t piece_bytes_;
  bool is_closed_ = false;
};

}  // namespace osbackup::client
