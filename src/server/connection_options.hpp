#pragma once

#include "config/server_config.hpp"
#include "sql/connection_options.hpp"

namespace osbackup::server {

/// The database that the configuration names.
sql::ConnectionOptions connection_options(const config::DatabaseSettings& settings);

}  // namespace osbackup::server
