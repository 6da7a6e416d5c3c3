#pragma once

#include <cstdint>
#include <string>

namespace osbackup::system {

/// Whether this process has root's rights.
bool is_root() noexcept;

/// The name that the kernel has for this host.
std::string hostname();

/// The local address that packets to a host would leave from; nothing is sent. When the host has no address or no
/// route, an address of a network interface that is up; `127.0.0.1` when there is none.
std::string local_address_towards(const std::string& host, std::uint16_t port);

/// The number of cores that this process may use; at least 1.
unsigned core_count() noexcept;

/// Says one line to the system's log at error level, as `osbackup[pid]`.
void write_syslog_error(const std::string& line);

}  // namespace osbackup::system
