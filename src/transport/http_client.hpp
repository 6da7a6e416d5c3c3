#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "core/secret.hpp"

namespace osbackup::transport {

/// How to reach an HTTP server, and who we are there (Basic authentication, RFC 7617).
struct HttpSettings {
  std::string host;  ///< A name, an IPv4 or an IPv6 address without brackets.
  std::uint16_t port = 80;
  std::string user;  ///< Empty: no authentication.
  Secret password;
  std::chrono::milliseconds timeout{30'000};  ///< For a whole call.
};

/// What a server answered.
struct HttpResponse {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  ///< By lower-case name; printable, at most 200 bytes each.

  /// A header's value; empty when there is none. `name` is lower-case.
  std::string header(const std::string& name) const;
};

/// Calls to one HTTP/1.1 server over a connection that stays open. Redirects are not followed. One thread at a time.
///
/// An answer of any status is returned. Unavailable is thrown when there is none, Corrupt when what came is no HTTP
/// answer or has a longer body than it may, Cancelled after the stop.
class HttpClient {
 public:
  /// The longest body of an answer, if nothing else is said.
  static constexpr std::size_t kBodyBytesMax = 64U << 10U;

  explicit HttpClient(HttpSettings settings, std::stop_token stop = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// `target` is path and query, already encoded: `/countapi?run=1`.
  HttpResponse get(const std::string& target, std::size_t body_bytes_max = kBodyBytesMax);

  struct Body {
    std::string content_type;
    std::string text;
  };
  HttpResponse post(const std::string& target, const Body& body);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace osbackup::transport
