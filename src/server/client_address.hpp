#pragma once

#include <string>
#include <vector>

#include "http/message.hpp"

namespace osbackup::server {

/// Where a request came from: the peer, or, when that is one of `trusted_proxies`, the right-most address of
/// X-Forwarded-For that is none of them. What stands left of it could have been written by anybody. In canonical form.
std::string client_address(const http::Request& request, const std::vector<std::string>& trusted_proxies);

}  // namespace osbackup::server
