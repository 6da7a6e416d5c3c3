#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

#include "database/report_reader.hpp"
#include "http/router.hpp"
#include "server/authenticator.hpp"
#include "server/query_thread.hpp"

namespace osbackup::server {

/// `GET /api/v1/backups` (docs/protocol.md): what was reported of an archive, for those who may know it. Immutable; all
/// that it is given outlives it.
class BackupRoutes {
 public:
  struct Parts {
    Authenticator& authenticator;
    database::ReportReader& reports;
    QueryThread& queries;
    spdlog::logger& log;
  };

  explicit BackupRoutes(Parts parts) : parts_(parts) {}

  void add_to(http::Router& router) const;

 private:
  struct Exchange {
    http::Request request;
    http::Respond respond;
  };

  /// Shared by the callbacks that wait for login and database, since they must be copyable.
  using SharedExchange = std::shared_ptr<const Exchange>;

  void serve(const SharedExchange& exchange) const;
  void look_up(const SharedExchange& exchange, const Login& login) const;
  void answer(const Exchange& exchange, const database::WantedReports& wanted) const;
  void refuse(const Exchange& exchange, unsigned status, const std::string& reason) const;

  Parts parts_;
};

}  // namespace osbackup::server
