#pragma once

#include <cstdint>
#include <string>

#include "transport/curl_handle.hpp"
#include "transport/transfer.hpp"

namespace osbackup::transport {

/// A TCP connection that libcurl makes, which resolves the name within the timeout and tries every address of it.
/// One thread at a time.
class TcpConnection {
 public:
  /// Unavailable when nobody answers in time, Cancelled after the stop.
  TcpConnection(const std::string& host, std::uint16_t port, const TransferLimits& limits);

  /// Closed with the object; it does not block.
  int socket() const noexcept { return socket_; }

  /// Ends the connection; what waits for it fails.
  void shut_down() noexcept;

 private:
  CurlHandle handle_;
  int socket_ = -1;
};

}  // namespace osbackup::transport
