#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace osbackup::http {

/// How large a request may be.
struct RequestLimits {
  std::size_t head_bytes_max = 16'384;  ///< Request line and headers together.
  std::size_t body_bytes_max = 0;
};

/// Why a request is not handed to a handler.
struct Refusal {
  unsigned status;
  std::string cause;
};

/// Reads one HTTP/1.x request (RFC 9112) from bytes as they come. Knows no socket. One thread at a time.
///
/// Stricter than it must be where programs disagree about a message's length: two Content-Length headers, folded
/// header lines and transfer codings other than `chunked` are refused.
class RequestParser {
 public:
  explicit RequestParser(const RequestLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes what it can from the front of `bytes` and returns how many those are. What is left must be offered again,
  /// followed by more; once the request is done it belongs to the next one. Not to be called after done() or refusal().
  std::size_t feed(std::string_view bytes);

  bool done() const;
  const std::optional<Refusal>& refusal() const;

  /// The request's path, decoded; empty as long as it is not known, and when it is malformed.
  std::string path() const;

  /// Whether the client waits for "100 Continue" before it sends the body.
  bool wants_continue() const;

  /// Whether the client wants to send another request on this connection. Known once the request is done.
  bool keep_alive() const;

  /// The request, without `peer_address`. Once, when it is done.
  Request take_request();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace osbackup::http
