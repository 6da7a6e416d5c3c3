#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osbackup::http {

/// Name and value pairs of a query, decoded, in the order in which they came.
using QueryPairs = std::vector<std::pair<std::string, std::string>>;

/// What a request asks for, decoded.
struct Target {
  std::string path;
  QueryPairs query;
};

/// Reads a request-target in origin-form or absolute-form (RFC 9112, 3.2), or `*`. In the query `+` is a space, as HTML
/// forms write it. Nothing when it is anything else, has a bad percent-encoding or encodes a NUL.
std::optional<Target> parse_target(std::string_view text);

}  // namespace osbackup::http
