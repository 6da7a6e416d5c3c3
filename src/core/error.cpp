#include "core/error.hpp"

namespace osbackup {

std::string_view name_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::Usage:
      return "usage";
    case ErrorKind::NotFound:
      return "not found";
    case ErrorKind::Denied:
      return "denied";
    case ErrorKind::LoginRefused:
      return "login refused";
    case ErrorKind::Unavailable:
      return "unavailable";
    case ErrorKind::Exists:
      return "exists";
    case ErrorKind::NoSpace:
      return "no space";
    case ErrorKind::Corrupt:
      return "corrupt";
    case ErrorKind::Cancelled:
      return "cancelled";
    case ErrorKind::Locked:
      return "locked";
    case ErrorKind::Refused:
      return "refused";
    case ErrorKind::Internal:
      return "internal";
  }
  return "internal";
}

}  // namespace osbackup
