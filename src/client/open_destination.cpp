#include "client/open_destination.hpp"

#include <fmt/format.h>

#include "client/sftp_settings.hpp"
#include "core/encoding.hpp"
#include "storage/folder_destination.hpp"
#include "storage/ftp_destination.hpp"
#include "storage/sftp_destination.hpp"
#include "system/host.hpp"

namespace osbackup::client {
namespace {

constexpr std::string_view kHostnameMark = "{hostname}";

std::string expanded(std::string directory, const std::string& hostname) {
  const std::string name = percent_encode_strictly(hostname);
  for (std::size_t at = directory.find(kHostnameMark); at != std::string::npos;
       at = directory.find(kHostnameMark, at + name.size()))
    directory.replace(at, kHostnameMark.size(), name);
  return directory;
}

}  // namespace

std::unique_ptr<storage::Destination> open_destination(const config::ClientConfig& config, const std::string& hostname,
                                                       std::stop_token stop) {
  if (config.folder) return std::make_unique<storage::FolderDestination>(config.folder->folder);
  const config::FtpSettings& ftp = *config.ftp;
  if (ftp.protocol == config::FtpSettings::Protocol::Sftp)
    return std::make_unique<storage::SftpDestination>(sftp_settings(ftp), expanded(ftp.ftpdir, hostname),
                                                      std::move(stop));
  return std::make_unique<storage::FtpDestination>(
      transport::FtpSettings{
          .host = ftp.host, .port = ftp.port, .user = ftp.user, .password = ftp.password, .timeout = ftp.timeout},
      expanded(ftp.ftpdir, hostname), std::move(stop));
}

bool is_by_host(const config::ClientConfig& config) {
  return config.ftp && config.ftp->ftpdir.find(kHostnameMark) != std::string::npos;
}

std::string describe_destination(const config::ClientConfig& config, const std::string& hostname) {
  if (config.folder) return "file://" + printable(config.folder->folder.native());
  const bool is_sftp = config.ftp->protocol == config::FtpSettings::Protocol::Sftp;
  return fmt::format("{}://{}:{}/{}", is_sftp ? "sftp" : "ftp", config.ftp->host, config.ftp->port,
                     expanded(config.ftp->ftpdir, hostname));
}

std::string host_address(const config::ClientConfig& config) {
  if (config.run.ip) return *config.run.ip;
  if (config.folder) return system::local_address_towards("192.0.2.1", 9);
  return system::local_address_towards(config.ftp->host, config.ftp->port);
}

}  // namespace osbackup::client
