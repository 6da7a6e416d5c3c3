#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osbackup::http {

/// One request as a handler sees it: whole, checked and decoded.
struct Request {
  std::string method{};
  std::string path{};                                          ///< Decoded, without the query.
  std::vector<std::pair<std::string, std::string>> query{};    ///< Decoded, in order; names may repeat.
  std::vector<std::pair<std::string, std::string>> headers{};  ///< Names are lower-case; names may repeat.
  std::string body{};
  std::string peer_address{};  ///< As text; an IPv4 address mapped into IPv6 is shown as IPv4.

  /// The first header of that name; the view lives as long as the request.
  std::optional<std::string_view> header(std::string_view lower_case_name) const;

  /// The first query parameter of that name; the view lives as long as the request.
  std::optional<std::string_view> query_value(std::string_view name) const;
};

/// One answer. Content-Length, Date and Connection are added when it is sent.
struct Response {
  unsigned status = 200;
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string content_type = "text/plain; charset=utf-8";
  /// Why, in the answers that router and listener make themselves; empty in a handler's. It is logged; nothing
  /// of it is sent unless ListenerOptions::decorate_error does so.
  std::string cause{};
};

/// The answer of router or listener to what no handler can answer; `cause` is for the log and decorate_error.
Response error_response(unsigned status, std::string cause);

}  // namespace osbackup::http
