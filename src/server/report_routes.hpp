#pragma once

#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "http/router.hpp"
#include "queue/journal.hpp"
#include "server/authenticator.hpp"

namespace osbackup::server {

/// `GET /countapi` and `POST /backupinfo` (docs/protocol.md): checks who calls and what, and answers once the call is
/// safe in the journal. Immutable; all that it is given outlives it.
class ReportRoutes {
 public:
  struct Parts {
    Authenticator& authenticator;
    queue::Journal& journal;
    const Clock& clock;
    spdlog::logger& log;
    std::vector<std::string> trusted_proxies;
  };

  explicit ReportRoutes(Parts parts) : parts_(std::move(parts)) {}

  void add_to(http::Router& router) const;

 private:
  /// One request on its way, with the bodies that its route answers.
  struct Exchange {
    http::Request request;
    http::Respond respond;
    std::string_view success;
    std::string_view failure;
  };
  using Accept = queue::Call (ReportRoutes::*)(const http::Request& request) const;

  /// Shared by the callbacks that wait for login and journal, since they must be copyable.
  using SharedExchange = std::shared_ptr<const Exchange>;

  void serve(const SharedExchange& exchange, Accept accept) const;
  void enqueue(const SharedExchange& exchange, const Login& login, Accept accept) const;
  void finish(const Exchange& exchange, const std::string& event, const std::exception_ptr& problem) const noexcept;
  void refuse(const Exchange& exchange, unsigned status, const std::string& reason) const;
  queue::Call accept_count(const http::Request& request) const;
  queue::Call accept_report(const http::Request& request) const;

  Parts parts_;
};

/// Adds to an answer that router or listener made themselves what the protocol promises: the cause in one line, the
/// body by which the call at `path` says that it failed, and when to come again.
void decorate_error(http::Response& response, const std::string& path);

}  // namespace osbackup::server
