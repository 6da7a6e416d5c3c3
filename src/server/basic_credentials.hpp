#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/secret.hpp"

namespace osbackup::server {

/// What a client logs in with.
struct BasicCredentials {
  std::string user;
  Secret password;
};

/// Reads the value of an Authorization header (RFC 7617); nothing when it is of another scheme or malformed.
std::optional<BasicCredentials> parse_basic_credentials(std::string_view authorization);

}  // namespace osbackup::server
