#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace osbackup::transport {

/// What an FTP or SMTP server answered to one command (RFC 959, 4.2): "550 No such file".
struct ServerReply {
  int code = 0;
  std::string text;  ///< The last line, printable, at most 200 bytes, without the password.

  bool refuses() const noexcept { return code >= 400; }
};

/// What the caller can do about an answer that refuses.
ErrorKind kind_of(const ServerReply& reply) noexcept;

/// Collects replies, but for the answers to QUIT and ABOR, from the lines as they come. Keeps the last 1,000. One
/// thread at a time.
class ReplyLog {
 public:
  /// `password` is blotted out wherever a server repeats it.
  explicit ReplyLog(std::string password) : password_(std::move(password)) {}

  /// The reply that the line ends, until the next line; else nullptr.
  const ServerReply* add_line(std::string_view line);
  void clear() noexcept { replies_.clear(); }

  const std::deque<ServerReply>& replies() const noexcept { return replies_; }

  /// The last reply, if it refuses; else nullptr.
  const ServerReply* last_refusal() const noexcept;

 private:
  std::string password_;
  std::deque<ServerReply> replies_;
};

}  // namespace osbackup::transport
