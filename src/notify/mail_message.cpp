#include "notify/mail_message.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/byte_count.hpp"
#include "core/counted.hpp"
#include "core/encoding.hpp"
#include "core/time_format.hpp"

namespace osbackup::notify {
namespace {

/// RFC 5322 allows 998 bytes in a line; quoted-printable is not worth its unreadable source.
constexpr std::size_t kLineBytesMax = 900;

/// A header's text: as it is when it is ASCII, else encoded words (RFC 2047) of at most 75 characters.
std::string header_text(const std::string& text) {
  std::string line = one_line(text);
  const bool ascii = std::all_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return line;
  constexpr std::size_t kWordBytesMax = 42;
  std::string encoded;
  std::string word;
  std::string_view rest = line;
  const auto flush = [&] {
    encoded += (encoded.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64_encode(word) + "?=";
    word.clear();
  };
  while (!rest.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_sequence_length(rest), 1);
    if (word.size() + length > kWordBytesMax) flush();
    word += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  flush();
  return encoded;
}

std::string body_line(const std::string& text) { return printable(text, kLineBytesMax) + "\r\n"; }

std::string body(const MailFacts& facts) {
  std::string text = body_line(fmt::format("{} ({}): backup {}", facts.hostname, facts.ip, facts.result)) + "\r\n";
  if (!facts.error.empty()) text += body_line("Error:    " + facts.error);
  if (!facts.archive.empty()) {
    text += body_line(fmt::format("Size:     {} ({})", human_bytes(facts.archive_bytes), counted(facts.files, "file")));
    text += body_line("File:     " + facts.archive);
  }
  text += body_line("Duration: " + human_duration(facts.duration));
  text += body_line("Started:  " + local_time(facts.started));
  text += body_line("Contains: " + facts.directories);
  text += body_line(fmt::format("Warnings: {}", facts.warning_count));
  for (const std::string& warning : facts.first_warnings) text += body_line("  " + warning);
  if (facts.warning_count > facts.first_warnings.size() && !facts.first_warnings.empty())
    text += body_line(
        fmt::format("  and {} more, see backup.log on the host", facts.warning_count - facts.first_warnings.size()));
  return text;
}

}  // namespace

std::string mail_message(const MailFacts& facts, const MailEnvelope& envelope, TimePoint now) {
  std::string subject = fmt::format("[osbackup] {}: backup {}", facts.hostname, facts.result);
  if (facts.succeeded) subject += ", " + human_bytes(facts.archive_bytes);
  return fmt::format(
      "Date: {}\r\n"
      "From: osbackup <{}>\r\n"
      "To: {}\r\n"
      "Subject: {}\r\n"
      "Message-ID: <{}@{}>\r\n"
      "Auto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 8bit\r\n"
      "\r\n"
      "{}",
      mail_date(now), envelope.sender, fmt::join(envelope.recipients, ",\r\n "), header_text(subject), envelope.unique,
      envelope.domain, body(facts));
}

}  // namespace osbackup::notify
