#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "transport/sftp_session.hpp"
#include "transport/ssh_callbacks.hpp"
#include "transport/ssh_handle.hpp"
#include "transport/tcp_connection.hpp"
#include "transport/transfer.hpp"

namespace osbackup::transport {

/// A login over SSH to a server whose key is known, with SFTP on it: libssh2's calls, the waiting between them, and
/// what their failures mean. One thread at a time.
class SshConnection {
 public:
  /// Connects, looks who the server is, and logs in.
  SshConnection(const SftpSettings& settings, TransferLimits limits);
  ~SshConnection();
  SshConnection(const SshConnection&) = delete;
  SshConnection& operator=(const SshConnection&) = delete;

  LIBSSH2_SFTP* sftp() const noexcept { return sftp_; }

  /// Whether it can be used further, as far as is known here.
  bool is_alive() const noexcept;

  /// Calls a function of libssh2 until it is done, and gives what it gave: a negative number or nullptr when it has
  /// failed. Unavailable when nothing moves for the timeout, or far more comes than can have been asked for, Cancelled
  /// after the stop; the connection is lost then.
  template <class Call>
  auto complete(const std::string& activity, Call call) {
    begin(activity);
    for (;;) {
      callbacks_.begin_call();
      const auto result = call();
      if (callbacks_.ending()) give_up(activity, *callbacks_.ending());
      if (!would_block(result)) return result;
      wait(activity);
    }
  }

  /// The same, but a stop that comes while it is under way waits for it, up to ten seconds.
  template <class Call>
  auto complete_in_spite_of_stop(const std::string& activity, Call call) {
    begin(activity);
    limits_.hold_stop();
    const auto result = complete(activity, call);
    limits_.release_stop();
    return result;
  }

  /// What the last call failed with. The connection is lost, unless it was the server that refused something.
  Error failure(const std::string& activity);

  /// Whether the last call, which has failed, did so because the server refused something.
  bool is_refused() const noexcept { return refusal().has_value(); }

  /// Whether it did so because the server has no such file.
  bool is_missing() const noexcept;

  /// Whether it did so for a reason that the server does not tell.
  bool is_unexplained() const noexcept;

  /// Ends the connection; what is called further on it fails.
  void lose() noexcept;

  /// Closes a file or a directory, and gives libssh2's code. Its memory is free in any case.
  int close(LIBSSH2_SFTP_HANDLE* handle) noexcept;

  void set_limits(TransferLimits limits) { limits_ = std::move(limits); }

 private:
  /// The status with which the server refused what failed last; nothing when it was something else.
  std::optional<unsigned long> refusal() const noexcept;
  /// Libssh2's own, about what failed last.
  std::string_view words() const noexcept;
  bool would_block(ssize_t result) const noexcept { return result == LIBSSH2_ERROR_EAGAIN; }
  bool would_block(const void* result) const noexcept {
    return !result && libssh2_session_last_errno(ssh_.get()) == LIBSSH2_ERROR_EAGAIN;
  }
  void begin(const std::string& activity);
  void wait(const std::string& activity);
  [[noreturn]] void give_up(const std::string& activity, SshCallbacks::Ending why);
  void poll() noexcept;

  void shake_hands();
  void agree_to(int kind, std::string_view names);
  void require_known_server(const class HostKeys& keys);
  void log_in();
  int log_in_with_key(const std::string& activity);
  int log_in_with_password(const std::string& activity);
  Error login_failure(const std::string& activity, int result);

  const SftpSettings& settings_;  ///< Used while it is made.
  TransferLimits limits_;
  std::chrono::steady_clock::time_point last_progress_;
  bool lost_ = false;
  TcpConnection tcp_;
  SshCallbacks callbacks_;
  SshHandle ssh_;
  LIBSSH2_SFTP* sftp_ = nullptr;  ///< Freed with ssh_.
};

}  // namespace osbackup::transport
