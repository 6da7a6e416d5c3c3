#include "client/sftp_settings.hpp"

#include <unistd.h>

#include <vector>

#include "config/private_file.hpp"
#include "core/encoding.hpp"
#include "system/owner_names.hpp"

namespace osbackup::client {
namespace {

std::vector<std::filesystem::path> usual_known_hosts() {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path home = system::home_directory(::geteuid());
  if (!home.empty()) files.push_back(home / ".ssh/known_hosts");
  files.emplace_back("/etc/ssh/ssh_known_hosts");
  return files;
}

}  // namespace

transport::SftpSettings sftp_settings(const config::FtpSettings& settings) {
  transport::SftpSettings sftp{.host = settings.host,
                               .port = settings.port,
                               .user = settings.user,
                               .password = settings.password,
                               .timeout = settings.timeout};
  if (!settings.private_key.empty()) sftp.private_key = Secret(config::read_private_key(settings.private_key));
  const std::vector<std::filesystem::path> files =
      settings.known_hosts.empty() ? usual_known_hosts() : std::vector{settings.known_hosts};
  for (const std::filesystem::path& file : files) {
    sftp.known_hosts += config::read_trusted_file(file).value_or("") + "\n";
    sftp.known_hosts_place += (sftp.known_hosts_place.empty() ? "" : " and ") + printable(file.native());
  }
  return sftp;
}

}  // namespace osbackup::client
