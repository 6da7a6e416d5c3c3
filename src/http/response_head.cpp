#include "http/response_head.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/beast/http/status.hpp>
#include <iterator>

#include "core/encoding.hpp"

namespace osbackup::http {

std::string response_head(const Response& response, Afterwards afterwards, std::chrono::system_clock::time_point now) {
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(response.status));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", response.status,
                                 fmt::string_view(reason.data(), reason.size()),
                                 fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  const auto add = [&head](std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, one_line(value));
  };
  if (!response.body.empty()) add("Content-Type", response.content_type);
  add("Content-Length", fmt::to_string(response.body.size()));
  add("Connection", afterwards == Afterwards::KeepOpen ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers) add(name, value);
  return head + "\r\n";
}

}  // namespace osbackup::http
