#include "server/report_routes.hpp"

#include <fmt/format.h>

#include "core/encoding.hpp"
#include "core/ip_address.hpp"
#include "crypto/random.hpp"
#include "report/backup_report.hpp"
#include "report/run_id.hpp"
#include "server/client_address.hpp"

namespace osbackup::server {
namespace {

constexpr unsigned kBadRequest = 400;
constexpr unsigned kUnauthorized = 401;
constexpr unsigned kForbidden = 403;
constexpr unsigned kInternalError = 500;
constexpr unsigned kUnavailable = 503;
constexpr std::string_view kRetryAfterSeconds = "60";
constexpr std::size_t kReasonBytesMax = 500;
constexpr std::string_view kErrorHeader = "X-Osbackup-Error";
constexpr std::string_view kCountPath = "/countapi";
constexpr std::string_view kReportPath = "/backupinfo";

// Bodies of the two calls, which mean opposite things.
constexpr std::string_view kCounted = "1";
constexpr std::string_view kNotCounted = "0";
constexpr std::string_view kStored = "0";
constexpr std::string_view kNotStored = "1";

// The reason of a fault names files of ours: for the log, not for the client.
constexpr std::string_view kServerFailed = "the server failed; its log says why";

unsigned status_of(ErrorKind kind) {
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

http::Response answer(std::string_view body) {
  http::Response response;
  response.body = body;
  return response;
}

}  // namespace

void ReportRoutes::add_to(http::Router& router) const {
  router.add("GET", std::string(kCountPath), [this](http::Request request, http::Respond respond) {
    serve(std::make_shared<Exchange>(Exchange{std::move(request), std::move(respond), kCounted, kNotCounted}),
          &ReportRoutes::accept_count);
  });
  router.add("POST", std::string(kReportPath), [this](http::Request request, http::Respond respond) {
    serve(std::make_shared<Exchange>(Exchange{std::move(request), std::move(respond), kStored, kNotStored}),
          &ReportRoutes::accept_report);
  });
}

void ReportRoutes::serve(const SharedExchange& exchange, Accept accept) const {
  const std::string_view authorization = exchange->request.header("authorization").value_or("");
  parts_.authenticator.check(authorization, [this, exchange, accept](const Authenticator::Verdict& verdict) {
    if (const Error* error = std::get_if<Error>(&verdict))
      return refuse(*exchange, status_of(error->kind()), error->what());
    enqueue(exchange, std::get<Login>(verdict), accept);
  });
}

void ReportRoutes::enqueue(const SharedExchange& exchange, const Login& login, Accept accept) const {
  if (login.role == database::Role::Viewer)
    return refuse(*exchange, kForbidden, "this user may not report: its role is viewer");
  try {
    queue::Call call = (this->*accept)(exchange->request);
    call.user = login.user;
    call.received_at = parts_.clock.now();
    const std::string event = fmt::format("{} user={} run={} peer={}", exchange->request.path, login.user, call.receipt,
                                          exchange->request.peer_address);
    parts_.journal.append(std::move(call), [this, exchange, event](const std::exception_ptr& problem) {
      finish(*exchange, event, problem);
    });
  } catch (const Error& error) {
    refuse(*exchange, status_of(error.kind()), error.what());
  } catch (const std::exception& bug) {
    refuse(*exchange, kInternalError, bug.what());
  }
}

void ReportRoutes::finish(const Exchange& exchange, const std::string& event,
                          const std::exception_ptr& problem) const noexcept {
  // The edge of the journal's thread. A request that gets no answer here is answered 500 as it goes.
  try {
    if (problem) std::rethrow_exception(problem);
    parts_.log.info("accepted {}", event);
    exchange.respond(answer(exchange.success));
    return;
  } catch (const std::exception& failure) {
    parts_.log.error("{}: {}", event, failure.what());
  }
  try {
    if (problem) refuse(exchange, kUnavailable, "the server cannot store the call now");
  } catch (const std::exception& failure) {
    parts_.log.error("{}: {}", event, failure.what());
  }
}

void ReportRoutes::refuse(const Exchange& exchange, unsigned status, const std::string& reason) const {
  const std::string line = printable(one_line(reason), kReasonBytesMax);
  parts_.log.warn("refused {} {} peer={}: {} {}", exchange.request.method, exchange.request.path,
                  exchange.request.peer_address, status, line);
  http::Response response = answer(exchange.failure);
  response.status = status;
  response.headers.emplace_back(kErrorHeader, status == kInternalError ? kServerFailed : std::string_view(line));
  if (status == kUnauthorized)
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"osbackup\", charset=\"UTF-8\"");
  if (status == kUnavailable) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  exchange.respond(std::move(response));
}

queue::Call ReportRoutes::accept_count(const http::Request& request) const {
  queue::Call call;
  call.kind = queue::CallKind::Count;
  if (const auto ip = request.query_value("ip")) {
    const std::optional<std::string> address = canonical_address(*ip);
    if (!address) throw Error(ErrorKind::Usage, "ip must be an IPv4 or IPv6 address");
    call.payload = *address;
  } else {
    call.payload = client_address(request, parts_.trusted_proxies);
    if (canonical_address(call.payload) != call.payload)
      throw Error(ErrorKind::Usage, "the address of the caller is not known: send ip");
  }
  if (const auto run = request.query_value("run")) {
    const std::optional<std::string> run_id = report::canonical_run_id(*run);
    if (!run_id) throw Error(ErrorKind::Usage, "run must be a UUID");
    call.receipt = *run_id;
  } else {
    call.receipt = crypto::random_uuid();
  }
  return call;
}

queue::Call ReportRoutes::accept_report(const http::Request& request) const {
  const report::BackupReport report = report::parse_report(request.header("content-type").value_or(""), request.body);
  queue::Call call;
  call.kind = queue::CallKind::Report;
  call.receipt = report.run_id.value_or(crypto::random_uuid());
  call.payload = json::serialize(report::to_json(report));
  return call;
}

void decorate_error(http::Response& response, const std::string& path) {
  if (path == kReportPath) response.body = kNotStored;
  if (path == kCountPath) response.body = kNotCounted;
  const std::string reason(response.status == kInternalError ? kServerFailed : std::string_view(response.cause));
  response.headers.emplace_back(kErrorHeader, printable(one_line(reason), kReasonBytesMax));
  if (response.status == kUnavailable) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
}

}  // namespace osbackup::server
