#include "storage/ftp_destination.hpp"

namespace osbackup::storage {

FtpDestination::FtpDestination(transport::FtpSettings settings, std::string directory, std::stop_token stop)
    : ServerDestination(
          [settings = std::move(settings), stop = std::move(stop)](transport::SessionTraffic& traffic) {
            return std::make_unique<transport::FtpSession>(settings, traffic, stop);
          },
          std::move(directory)) {}

}  // namespace osbackup::storage
