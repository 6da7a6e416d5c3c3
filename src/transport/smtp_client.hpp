#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "core/secret.hpp"

namespace osbackup::transport {

/// How to reach an SMTP server (RFC 5321), and who we are there.
struct SmtpSettings {
  std::string host;  ///< A name, an IPv4 or an IPv6 address without brackets.
  std::uint16_t port = 25;
  std::string user;  ///< Empty: no AUTH.
  Secret password;
  std::string helo_domain;
  std::chrono::milliseconds timeout{60'000};  ///< How long nothing may move.
};

/// A message on its way: the envelope, and header and body as RFC 5322 has them.
struct Mail {
  std::string from;
  std::vector<std::string> recipients;
  std::string text;  ///< Lines may end in `\n` or `\r\n`.
};

/// Hands the mail to the server. LoginRefused, Denied when the server refuses sender, recipient or content,
/// Unavailable, Cancelled; Usage when an address or the domain has control characters. The message of an error holds
/// no password. Thread-safe.
void send_mail(const SmtpSettings& settings, const Mail& mail, std::stop_token stop = {});

}  // namespace osbackup::transport
