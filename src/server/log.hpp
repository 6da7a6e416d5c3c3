#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "config/server_config.hpp"

namespace osbackup::server {

/// The server's log: one line an event, to the configured file or to standard error. Thread-safe. Never given a
/// password, an Authorization header or a body. Denied when the file cannot be opened.
std::shared_ptr<spdlog::logger> open_log(const config::ServerLogSettings& settings);

}  // namespace osbackup::server
