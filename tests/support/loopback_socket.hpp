#pragma once

#include <cstdint>
#include <string>

#include "system/file_descriptor.hpp"

namespace osbackup::test {

/// A TCP socket that listens at a port of its own choosing, on `127.0.0.1` or `::1`. The system completes connections
/// to it even when nobody accepts them: left alone, it is a server that never answers.
class LoopbackListener {
 public:
  explicit LoopbackListener(const std::string& address = "127.0.0.1");

  std::uint16_t port() const noexcept { return port_; }
  const system::FileDescriptor& socket() const noexcept { return socket_; }

 private:
  system::FileDescriptor socket_;
  std::uint16_t port_ = 0;
};

/// A connected socket; an empty descriptor when nobody listens there.
system::FileDescriptor connect_loopback(const std::string& address, std::uint16_t port);

}  // namespace osbackup::test
