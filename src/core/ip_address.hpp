#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osbackup {

/// The one way to write an IPv4 or IPv6 address (RFC 5952): `2001:db8::1` for `2001:0DB8:0:0::1`, `192.0.2.1` for
/// `::ffff:192.0.2.1`. Nothing when the text is no address, or has brackets, a port or a zone.
std::optional<std::string> canonical_address(std::string_view text);

/// Whether the text is an IPv4 or IPv6 address without brackets, port or zone.
bool is_ip_address(std::string_view text);

}  // namespace osbackup
