#pragma once

#include <stop_token>
#include <string>

#include "config/client_config.hpp"
#include "notify/mail_message.hpp"
#include "notify/outbox.hpp"
#include "notify/server_api.hpp"
#include "transport/http_client.hpp"

namespace osbackup::client {

/// How the server that the configuration names is reached.
transport::HttpSettings http_settings(const config::ApiSettings& api);

/// Sends what waits in the outbox to the server that the configuration names.
notify::ReportingResult tell_server(const config::ApiSettings& api, notify::Outbox& outbox,
                                    const notify::SendOptions& options, std::stop_token stop);

/// Sends one mail as the configuration says. Throws Error.
void tell_people(const config::MailSettings& mail, const notify::MailFacts& facts, const std::string& run_id,
                 std::stop_token stop);

}  // namespace osbackup::client
