#include "transport/url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::transport {
namespace {

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string url_origin(std::string_view scheme, const std::string& host, std::uint16_t port) {
  const bool six = host.find(':') != std::string::npos;
  const auto fits = [six](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_' || (six && (c == ':' || c == '%'));
  };
  if (host.empty() || !std::all_of(host.begin(), host.end(), fits))
    throw Error(ErrorKind::Usage, fmt::format("\"{}\" is not a host name or an address: write it without protocol, "
                                              "port and brackets",
                                              printable(host, 200)));
  if (!six) return fmt::format("{}://{}:{}", scheme, host, port);
  // The `%` of a zone is written `%25` in a URL (RFC 6874).
  return fmt::format("{}://[{}]:{}", scheme, percent_encode(host, [](char c) { return c != '%'; }), port);
}

std::string url_path(std::string_view path) {
  return percent_encode(
      path, [](char c) { return is_letter_or_digit(c) || c == '/' || c == '-' || c == '.' || c == '_' || c == '~'; });
}

void require_one_line(std::string_view text, const std::string& what) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), is_control))
    throw Error(ErrorKind::Usage, fmt::format("{} must not have control characters", what));
}

}  // namespace osbackup::transport
