#pragma once

#include <cerrno>
#include <string>

#include "core/error.hpp"

namespace osbackup::system {

/// An Error for a failed system call: "open /etc/shadow: Permission denied", its kind chosen by the errno value.
Error system_error(const std::string& activity, int code = errno);

}  // namespace osbackup::system
