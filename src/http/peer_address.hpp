#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>

namespace osbackup::http {

/// A peer's address as Request::peer_address has it: an IPv4 address mapped into IPv6 as IPv4, and without the zone of
/// a link-local one, which means something on this host only.
std::string peer_text(const boost::asio::ip::address& address);

}  // namespace osbackup::http
