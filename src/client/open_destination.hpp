#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "config/client_config.hpp"
#include "storage/destination.hpp"

namespace osbackup::client {

/// The destination that the configuration names; the only place that knows which kinds there are. Nothing is contacted
/// yet, but the files of an SFTP login are read: Usage when they are not what they should be. `hostname` takes the
/// place of `{hostname}` in ftpdir, encoded as in an archive's name.
std::unique_ptr<storage::Destination> open_destination(const config::ClientConfig& config, const std::string& hostname,
                                                       std::stop_token stop);

/// Whether each host has a directory of its own there.
bool is_by_host(const config::ClientConfig& config);

/// The same for people: `ftp://192.0.2.100:21/osconfiguredir`.
std::string describe_destination(const config::ClientConfig& config, const std::string& hostname);

/// The local address that the host is known by (`[Run] ip`, else that of the connection to the destination).
std::string host_address(const config::ClientConfig& config);

}  // namespace osbackup::client
