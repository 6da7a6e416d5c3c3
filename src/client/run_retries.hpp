#pragma once

#include <stop_token>

#include "config/client_config.hpp"
#include "core/retry_policy.hpp"

namespace osbackup::client {

/// How patiently archives are sent and read: as `[Ftp] retries` says. Its pauses end with Cancelled as soon as `stop`
/// is requested.
RetryPolicy transfer_retries(const config::ClientConfig& config, std::stop_token stop);

/// How patiently the server is told.
RetryPolicy reporting_retries(std::stop_token stop);

}  // namespace osbackup::client
