#pragma once

#include <cstdint>
#include <string>

namespace osbackup::test {

/// A TCP port that nobody listened on a moment ago at this loopback address (`127.0.0.1` or `::1`).
std::uint16_t free_port(const std::string& address = "127.0.0.1");

/// Whether somebody accepts connections there.
bool is_listening(const std::string& address, std::uint16_t port);

}  // namespace osbackup::test
