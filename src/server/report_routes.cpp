#include "server/report_routes.hpp"

#include <fmt/format.h>

#include "core/ip_address.hpp"
#include "crypto/random.hpp"
#include "report/backup_report.hpp"
#include "report/run_id.hpp"
#include "server/client_address.hpp"
#include "server/refusal.hpp"

namespace osbackup::server {
namespace {

constexpr std::string_view kCountPath = "/countapi";
constexpr std::string_view kReportPath = "/backupinfo";

// Bodies of the two calls, which mean opposite things.
constexpr std::string_view kCounted = "1";
constexpr std::string_view kNotCounted = "0";
constexpr std::string_view kStored = "0";
constexpr std::string_view kNotStored = "1";

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
  http::Response response = refusal(exchange.request, status, reason, parts_.log);
  response.body = exchange.failure;
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
  add_reason(response, response.cause);
}

}  // namespace osbackup::server
