#pragma once

#include <string>

#include "core/error.hpp"

namespace osbackup::transport {

/// What the caller can do about the status with which an SFTP server refuses something (draft-ietf-secsh-filexfer-02,
/// 7; later versions have more). The only place that knows them.
ErrorKind kind_of_sftp_status(unsigned long status) noexcept;

/// The refusal as an error, with what to do about it. The server's own words do not reach us.
Error sftp_refusal(const std::string& activity, unsigned long status);

}  // namespace osbackup::transport
