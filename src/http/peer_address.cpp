#include "http/peer_address.hpp"

namespace osbackup::http {

namespace ip = boost::asio::ip;

std::string peer_text(const ip::address& address) {
  if (!address.is_v6()) return address.to_string();
  if (address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6()).to_string();
  return ip::address_v6(address.to_v6().to_bytes()).to_string();
}

}  // namespace osbackup::http
