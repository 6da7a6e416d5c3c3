#include "transport/server_reply.hpp"

#include <algorithm>
#include <cctype>

#include "transport/curl_handle.hpp"

namespace osbackup::transport {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool contains(std::string text, std::string_view lower_case) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find(lower_case) != std::string::npos;
}

}  // namespace

ErrorKind kind_of(const ServerReply& reply) noexcept {
  switch (reply.code) {
    case 332:
    case 530:
    case 532:
    case 535:
      return ErrorKind::LoginRefused;
    case 452:
    case 552:
      return ErrorKind::NoSpace;
    case 451:
      // vsftpd's words when the disk or the quota is full; every other 451 may pass.
      return contains(reply.text, "failure writing to local file") ? ErrorKind::NoSpace : ErrorKind::Unavailable;
    default:
      return reply.code >= 500 ? ErrorKind::Denied : ErrorKind::Unavailable;
  }
}

const ServerReply* ReplyLog::add_line(std::string_view line) {
  // `123-` begins or continues a reply, `123 ` ends it.
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit)) return nullptr;
  if (line.size() > 3 && line[3] == '-') return nullptr;
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  // The answers to QUIT and ABOR, which libcurl says after a failure. The failure is what counts.
  if (code == 221 || code == 225 || code == 226) return nullptr;
  std::string text(line);
  if (!password_.empty()) {
    for (std::size_t at = text.find(password_); at != std::string::npos; at = text.find(password_, at + 3))
      text.replace(at, password_.size(), "***");
  }
  replies_.push_back({.code = code, .text = short_line(text)});
  constexpr std::size_t kRepliesMax = 1'000;
  if (replies_.size() > kRepliesMax) replies_.pop_front();
  return &replies_.back();
}

const ServerReply* ReplyLog::last_refusal() const noexcept {
  return !replies_.empty() && replies_.back().refuses() ? &replies_.back() : nullptr;
}

}  // namespace osbackup::transport
