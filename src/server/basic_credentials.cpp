#include "server/basic_credentials.hpp"

#include <strings.h>

#include "core/encoding.hpp"

namespace osbackup::server {
namespace {

/// What is longer is nobody's password, and is not worth decoding.
constexpr std::size_t kHeaderBytesMax = 2048;

}  // namespace

std::optional<BasicCredentials> parse_basic_credentials(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (authorization.size() > kHeaderBytesMax || authorization.size() < kScheme.size() ||
      strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0)
    return std::nullopt;
  authorization.remove_prefix(kScheme.size());
  const std::size_t first = authorization.find_first_not_of(' ');
  if (first == std::string_view::npos) return std::nullopt;
  const std::optional<std::string> pair = base64_decode(authorization.substr(first));
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return BasicCredentials{pair->substr(0, colon), Secret(pair->substr(colon + 1))};
}

}  // namespace osbackup::server
