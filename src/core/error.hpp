#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace osbackup {

/// What the caller can do about a failure. The message says what happened.
enum class ErrorKind {
  Usage,         ///< Change the command line or the configuration.
  NotFound,      ///< Nothing is stored under that name.
  Denied,        ///< Change permissions.
  LoginRefused,  ///< Change the user or the password.
  Unavailable,   ///< Try again later: timeouts, dropped connections, 5xx answers.
  Exists,        ///< Something is stored under that name already.
  NoSpace,       ///< Make room.
  Corrupt,       ///< The bytes are not what they should be.
  Cancelled,     ///< Somebody asked to stop.
  Locked,        ///< Another process is at it; wait for it to end.
  Refused,       ///< Nothing: doing it would not be safe.
  Internal,      ///< A bug in this program, or a system call that should not fail.
};

/// The only exception type that leaves a module. Immutable.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const noexcept { return kind_; }

  /// The same failure seen from one level up: "restore /etc: read block 7: connection reset".
  Error within(std::string_view activity) const { return Error(kind_, std::string(activity) + ": " + what()); }

 private:
  ErrorKind kind_;
};

/// The kind's name as logs and JSON show it: "unavailable".
std::string_view name_of(ErrorKind kind) noexcept;

}  // namespace osbackup
