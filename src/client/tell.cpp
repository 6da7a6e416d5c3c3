#include "client/tell.hpp"

#include "transport/smtp_client.hpp"

namespace osbackup::client {

transport::HttpSettings http_settings(const config::ApiSettings& api) {
  return {.host = api.host, .port = api.port, .user = api.user, .password = api.password, .timeout = api.timeout};
}

notify::ReportingResult tell_server(const config::ApiSettings& api, notify::Outbox& outbox,
                                    const notify::SendOptions& options, std::stop_token stop) {
  transport::HttpClient http(http_settings(api), std::move(stop));
  notify::ServerApi server(http);
  return notify::send_all(outbox, server, options);
}

void tell_people(const config::MailSettings& mail, const notify::MailFacts& facts, const std::string& run_id,
                 std::stop_token stop) {
  const notify::MailEnvelope envelope{
      .sender = mail.sender, .recipients = mail.to, .domain = mail.domain, .unique = run_id};
  const transport::SmtpSettings settings{
      .host = mail.host, .port = mail.port, .user = mail.user, .password = mail.password, .helo_domain = mail.domain};
  transport::send_mail(
      settings,
      {.from = mail.sender, .recipients = mail.to, .text = notify::mail_message(facts, envelope, SystemClock().now())},
      std::move(stop));
}

}  // namespace osbackup::client
