#include "transport/smtp_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "transport/server_reply.hpp"
#include "transport/transfer.hpp"
#include "transport/url.hpp"

namespace osbackup::transport {
namespace {

/// SMTP divides lines by CR LF alone.
std::string with_network_line_ends(const std::string& text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

/// One mail as libcurl asks for it, and what the server says.
struct Delivery {
  std::string text;
  std::size_t sent_bytes = 0;
  ReplyLog replies;
  Transfer* transfer = nullptr;

  static std::size_t on_read(char* buffer, std::size_t, std::size_t bytes_max, void* self) noexcept {
    auto& delivery = *static_cast<Delivery*>(self);
    const std::size_t count = std::min(bytes_max, delivery.text.size() - delivery.sent_bytes);
    std::copy_n(delivery.text.begin() + static_cast<std::ptrdiff_t>(delivery.sent_bytes), count, buffer);
    delivery.sent_bytes += count;
    return count;
  }

  static std::size_t on_header(char* line, std::size_t, std::size_t bytes, void* self) noexcept {
    auto& delivery = *static_cast<Delivery*>(self);
    delivery.transfer->note_progress();
    delivery.replies.add_line({line, bytes});
    return bytes;
  }
};

std::string remedy(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::LoginRefused:
      return ": check [Mail] user and pass";
    case ErrorKind::Denied:
      return ": check [Mail] sender, to and what the mail server accepts";
    default:
      return "";
  }
}

}  // namespace

void send_mail(const SmtpSettings& settings, const Mail& mail, std::stop_token stop) {
  const std::string activity = fmt::format("send the mail to {}", settings.host);
  require_one_line(settings.user, "[Mail] user");
  require_one_line(mail.from, "the sender of a mail");
  CurlStrings recipients;
  for (const std::string& recipient : mail.recipients) {
    require_one_line(recipient, "a recipient of a mail");
    recipients.add("<" + recipient + ">");
  }
  require_one_line(settings.helo_domain, "[Mail] postfix");

  Delivery delivery{.text = with_network_line_ends(mail.text), .replies = ReplyLog(settings.password.reveal())};
  Transfer transfer({.timeout = settings.timeout, .stop = std::move(stop)});
  delivery.transfer = &transfer;
  CurlHandle& handle = transfer.prepare();
  handle.allow_only("smtp");
  // The domain of EHLO is what stands in the path.
  handle.set(CURLOPT_URL, url_origin("smtp", settings.host, settings.port) + "/" + url_path(settings.helo_domain));
  if (!settings.user.empty()) {
    handle.set(CURLOPT_USERNAME, settings.user);
    handle.set(CURLOPT_PASSWORD, settings.password.reveal());
  }
  handle.set(CURLOPT_MAIL_FROM, "<" + mail.from + ">");
  handle.set(CURLOPT_MAIL_RCPT, recipients.get());
  handle.set(CURLOPT_UPLOAD, 1L);
  handle.set(CURLOPT_READFUNCTION, &Delivery::on_read);
  handle.set(CURLOPT_READDATA, static_cast<void*>(&delivery));
  handle.set(CURLOPT_HEADERFUNCTION, &Delivery::on_header);
  handle.set(CURLOPT_HEADERDATA, static_cast<void*>(&delivery));
  transfer.run();
  if (transfer.result() == CURLE_OK) return;
  const ServerReply* reply = delivery.replies.last_refusal();
  if (!reply || transfer.hit_limits()) throw transfer.failure(activity);
  const ErrorKind kind =
      transfer.result() == CURLE_LOGIN_DENIED && reply->code >= 500 ? ErrorKind::LoginRefused : kind_of(*reply);
  throw Error(kind, fmt::format("{}: it answered \"{}\"{}", activity, reply->text, remedy(kind)));
}

}  // namespace osbackup::transport
