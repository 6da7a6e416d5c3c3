#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/message.hpp"
#include "http/router.hpp"

namespace osbackup::http {

using LogLine = std::function<void(const std::string&)>;

/// How a listener serves. The functions are called from I/O threads, several at once, and must not block.
struct ListenerOptions {
  std::string address{};   ///< Numeric IPv4 or IPv6; `::` takes IPv4 as well.
  std::uint16_t port = 0;  ///< 0 picks a free one.
  std::size_t threads = 1;
  std::size_t max_body_bytes = 1'000'000;
  std::size_t max_connections = 4096;        ///< The next ones are told 503.
  std::chrono::seconds request_timeout{15};  ///< For a whole request to come, and for a whole answer to go.
  LogLine log_debug{};
  LogLine log_warning{};  ///< What an administrator must know, not more often than that is worth.
  /// Adds body and headers to the answers that router and listener make themselves (400, 404, 405, 408, 413, 431, 500,
  /// 503). The path is that of the request, decoded, and empty when it has not come.
  std::function<void(Response&, const std::string& path)> decorate_error{};
  std::chrono::seconds idle_timeout{75};  ///< Between two requests on one connection.
};

/// An HTTP/1.1 server on one port. It accepts from construction on, on threads of its own. Not thread-safe itself, and
/// not to be called from its own I/O threads.
class Listener {
 public:
  /// `router` outlives the listener. Usage when the address is wrong or taken, Denied when it may not be used.
  Listener(ListenerOptions options, const Router& router);

  /// stop()
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const;

  /// New connections are refused from now on; those that are open go on.
  void stop_accepting();

  /// Ends idle connections, waits for the answers to open requests, five seconds at most, and ends the rest. No handler
  /// runs afterwards; a Respond that is called later does nothing.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace osbackup::http
