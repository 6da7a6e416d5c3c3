#include "server/refusal.hpp"

#include "core/encoding.hpp"

namespace osbackup::server {
namespace {

constexpr unsigned kBadRequest = 400;
constexpr unsigned kUnauthorized = 401;
constexpr std::string_view kRetryAfterSeconds = "60";
constexpr std::size_t kReasonBytesMax = 500;
constexpr std::string_view kErrorHeader = "X-Osbackup-Error";

// The reason of a fault names files of ours: for the log, not for the client.
constexpr std::string_view kServerFailed = "the server failed; its log says why";

std::string reason_line(const std::string& reason) { return printable(one_line(reason), kReasonBytesMax); }

}  // namespace

unsigned status_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::Usage:
      return kBadRequest;
    case ErrorKind::Denied:
      return kUnauthorized;
    case ErrorKind::Unavailable:
      return kUnavailable;
    default:
      return kInternalError;
  }
}

void add_reason(http::Response& response, const std::string& reason) {
  response.headers.emplace_back(kErrorHeader,
                                response.status == kInternalError ? std::string(kServerFailed) : reason_line(reason));
  if (response.status == kUnauthorized)
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"osbackup\", charset=\"UTF-8\"");
  if (response.status == kUnavailable) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
}

http::Response refusal(const http::Request& request, unsigned status, const std::string& reason, spdlog::logger& log) {
  log.warn("refused {} {} peer={}: {} {}", request.method, request.path, request.peer_address, status,
           reason_line(reason));
  http::Response response;
  response.status = status;
  add_reason(response, reason);
  return response;
}

}  // namespace osbackup::server
