#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>

#include "transport/sftp_session.hpp"
#include "transport/ssh_handle.hpp"
#include "transport/transfer.hpp"

namespace osbackup::transport {

/// What libssh2 calls while it is at work: gives it memory, what the server sends, and the password. Some of its loops
/// end only with an error, and it keeps what nobody asked for: with these, no call outlives the timeout or the stop,
/// and no server makes it hold more than 16 MiB. One thread at a time.
class SshCallbacks {
 public:
  enum class Ending { Stopped, Late, Flooded };

  /// Both must outlive it.
  SshCallbacks(const SftpSettings& settings, const TransferLimits& limits) : settings_(settings), limits_(limits) {}
  SshCallbacks(const SshCallbacks&) = delete;
  SshCallbacks& operator=(const SshCallbacks&) = delete;

  /// A session that uses it, and must not outlive it.
  SshHandle make_session();

  /// To be called before each call of libssh2.
  void begin_call() noexcept;

  /// Why the connection has to be given up, as far as the last call knows.
  std::optional<Ending> ending() const noexcept { return ending_; }

  /// The answers to what libssh2's login asks: gives the password to every question whose answer is not to be shown.
  static void answer_prompts(const char*, int, const char*, int, int count,
                             const LIBSSH2_USERAUTH_KBDINT_PROMPT* prompts, LIBSSH2_USERAUTH_KBDINT_RESPONSE* answers,
                             void** self) noexcept;

 private:
  static void* allocate(std::size_t bytes, void** self) noexcept;
  static void* reallocate(void* memory, std::size_t bytes, void** self) noexcept;
  static void release(void* memory, void** self) noexcept;
  static ssize_t receive(int socket, void* out, std::size_t bytes, int flags, void** self) noexcept;
  bool must_end() noexcept;
  void wait_for_more(int socket) noexcept;

  const SftpSettings& settings_;
  const TransferLimits& limits_;
  std::chrono::steady_clock::time_point call_begun_ = std::chrono::steady_clock::now();
  unsigned vain_reads_ = 0;  ///< Since the call begun.
  std::size_t held_bytes_ = 0;
  std::optional<Ending> ending_;
};

}  // namespace osbackup::transport
