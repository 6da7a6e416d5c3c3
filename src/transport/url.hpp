#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace osbackup::transport {

/// `scheme://host:port`, an IPv6 address in brackets. Usage when the host is no host name and no address.
std::string url_origin(std::string_view scheme, const std::string& host, std::uint16_t port);

/// The text with everything percent-encoded that has a meaning in a URL; slashes stay.
std::string url_path(std::string_view path);

/// Throws Usage when the text has control characters, which would end the command that it becomes a part of.
/// `what` names it in the message.
void require_one_line(std::string_view text, const std::string& what);

}  // namespace osbackup::transport
