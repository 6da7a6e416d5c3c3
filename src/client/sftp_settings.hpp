#pragma once

#include "config/client_config.hpp"
#include "transport/sftp_session.hpp"

namespace osbackup::client {

/// `[Ftp]` with `protocol = sftp`, with what its files say. Without `known_hosts` the servers that OpenSSH knows for
/// this user and for this host are known; a file of them that is missing has none. Usage when a file is not what it
/// should be.
transport::SftpSettings sftp_settings(const config::FtpSettings& settings);

}  // namespace osbackup::client
