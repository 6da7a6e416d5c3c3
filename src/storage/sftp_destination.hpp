#pragma once

#include <stop_token>
#include <string>

#include "storage/server_destination.hpp"
#include "transport/sftp_session.hpp"

namespace osbackup::storage {

/// The files of one directory of an SFTP server. Reading any part of an object keeps the login. A name that is taken is
/// safe from another host that publishes it in the same moment where the server's rename spares it, as OpenSSH's does.
class SftpDestination final : public ServerDestination {
 public:
  /// After `stop` every function throws Cancelled, but abandoned uploads are still removed.
  SftpDestination(transport::SftpSettings settings, std::string directory, std::stop_token stop = {});
};

}  // namespace osbackup::storage
