#include "server/client_address.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/ip_address.hpp"

namespace osbackup::server {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// All values of the header, in the order they were added.
std::string forwarded_for(const http::Request& request) {
  std::string all;
  for (const auto& [name, value] : request.headers)
    if (name == "x-forwarded-for") all += (all.empty() ? "" : ",") + value;
  return all;
}

}  // namespace

std::string client_address(const http::Request& request, const std::vector<std::string>& trusted_proxies) {
  const auto is_trusted = [&](const std::string& address) {
    return std::any_of(trusted_proxies.begin(), trusted_proxies.end(),
                       [&](const std::string& proxy) { return canonical_address(proxy) == address; });
  };
  std::string address = canonical_address(request.peer_address).value_or(request.peer_address);
  const std::string chain = forwarded_for(request);
  std::string_view rest = chain;
  while (!rest.empty() && is_trusted(address)) {
    const std::size_t comma = rest.rfind(',');
    const std::string_view last = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
    const std::optional<std::string> before = canonical_address(trim(last));
    if (!before) break;
    address = *before;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
  }
  return address;
}

}  // namespace osbackup::server
