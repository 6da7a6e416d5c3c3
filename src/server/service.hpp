#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <memory>

#include "config/server_config.hpp"

namespace osbackup::server {

/// The whole server, wired together: it serves from construction on. Not thread-safe.
class Service {
 public:
  /// Brings the database to this program's schema, opens the queue and listens. `log` outlives the service. Throws
  /// Error when any of that fails; but a database that is away is waited for while calls are taken, as long as the
  /// users are known from an earlier start.
  Service(const config::ServerConfig& config, spdlog::logger& log);
  ~Service();

  std::uint16_t port() const;

  /// Refuses new calls, answers the accepted ones, and writes what the queue holds into the database, for about 45
  /// seconds at most; what is left stays in the queue for the next start.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace osbackup::server
