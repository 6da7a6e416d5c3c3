#include "core/ip_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace osbackup {

std::optional<std::string> canonical_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> written{};
  // A longer text is no address, and a NUL would end it for the library.
  if (text.empty() || text.size() >= written.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string address(text);
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return inet_ntop(AF_INET, &v4, written.data(), written.size());
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::memcpy(&v4, &v6.s6_addr[12], sizeof v4);
    return inet_ntop(AF_INET, &v4, written.data(), written.size());
  }
  return inet_ntop(AF_INET6, &v6, written.data(), written.size());
}

bool is_ip_address(std::string_view text) { return canonical_address(text).has_value(); }

}  // namespace osbackup
