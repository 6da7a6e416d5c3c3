#include "system/system_error.hpp"

#include <system_error>

namespace osbackup::system {
namespace {

ErrorKind kind_of(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::NotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::Denied;
    case EEXIST:
      return ErrorKind::Exists;
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::NoSpace;
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return ErrorKind::Unavailable;
    default:
      return ErrorKind::Internal;
  }
}

}  // namespace

Error system_error(const std::string& activity, int code) {
  return {kind_of(code), activity + ": " + std::generic_category().message(code)};
}

}  // namespace osbackup::system
