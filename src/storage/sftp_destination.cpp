#include "storage/sftp_destination.hpp"

namespace osbackup::storage {

SftpDestination::SftpDestination(transport::SftpSettings settings, std::string directory, std::stop_token stop)
    : ServerDestination(
          [settings = std::move(settings), stop = std::move(stop)](transport::SessionTraffic& traffic) {
            return std::make_unique<transport::SftpSession>(settings, traffic, stop);
          },
          std::move(directory)) {}

}  // namespace osbackup::storage
