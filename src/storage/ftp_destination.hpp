#pragma once

#include <stop_token>
#include <string>

#include "storage/server_destination.hpp"
#include "transport/ftp_session.hpp"

namespace osbackup::storage {

/// The files of one directory of an FTP server.
///
/// FTP has no rename that spares an existing file, so commit() does not protect against another host that publishes the
/// same name in the same moment. A read that ends before its object does costs a login: FTP has no other way to stop a
/// transfer that libcurl would know.
class FtpDestination final : public ServerDestination {
 public:
  /// After `stop` every function throws Cancelled, but abandoned uploads are still removed.
  FtpDestination(transport::FtpSettings settings, std::string directory, std::stop_token stop = {});
};

}  // namespace osbackup::storage
