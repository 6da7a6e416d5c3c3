#include "transport/sftp_status.hpp"

#include <fmt/format.h>

#include "transport/ssh_handle.hpp"

namespace osbackup::transport {

ErrorKind kind_of_sftp_status(unsigned long status) noexcept {
  switch (status) {
    case LIBSSH2_FX_NO_SUCH_FILE:
    case LIBSSH2_FX_NO_SUCH_PATH:
      return ErrorKind::NotFound;
    case LIBSSH2_FX_PERMISSION_DENIED:
    case LIBSSH2_FX_OP_UNSUPPORTED:
    case LIBSSH2_FX_WRITE_PROTECT:
    case LIBSSH2_FX_NOT_A_DIRECTORY:
      return ErrorKind::Denied;
    case LIBSSH2_FX_FILE_ALREADY_EXISTS:
      return ErrorKind::Exists;
    case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM:
    case LIBSSH2_FX_QUOTA_EXCEEDED:
      return ErrorKind::NoSpace;
    default:
      return ErrorKind::Unavailable;
  }
}

Error sftp_refusal(const std::string& activity, unsigned long status) {
  const ErrorKind kind = kind_of_sftp_status(status);
  switch (kind) {
    case ErrorKind::NotFound:
      return {kind, activity + ": there is no such file on the server"};
    case ErrorKind::Denied:
      return {kind, activity + ": the server forbids it: check what it lets this user do there"};
    case ErrorKind::Exists:
      return {kind, activity + ": there is a file of that name already"};
    case ErrorKind::NoSpace:
      return {kind, activity + ": make room on the SFTP server"};
    default:
      return {kind, fmt::format("{}: the server refuses with status {} and no reason", activity, status)};
  }
}

}  // namespace osbackup::transport
