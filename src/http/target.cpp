#include "http/target.hpp"

#include <algorithm>

#include "core/encoding.hpp"

namespace osbackup::http {

namespace {

std::optional<std::string> decode(std::string_view text) {
  std::optional<std::string> decoded = percent_decode(text);
  if (decoded && decoded->find('\0') != std::string::npos) return std::nullopt;
  return decoded;
}

std::optional<std::string> decode_form(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return decode(spaced);
}

std::optional<QueryPairs> parse_query(std::string_view text) {
  QueryPairs pairs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (field.empty()) continue;
    const std::size_t equals = std::min(field.find('='), field.size());
    std::optional<std::string> name = decode_form(field.substr(0, equals));
    std::optional<std::string> value = decode_form(field.substr(std::min(equals + 1, field.size())));
    if (!name || !value) return std::nullopt;
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

// What a proxy is asked for, "http://host/path", is served as "/path".
std::string_view without_authority(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    text.remove_prefix(std::min(text.find_first_of("/?"), text.size()));
    break;
  }
  return text;
}

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
  if (text == "*") return Target{.path = "*", .query = {}};
  const std::string_view local = without_authority(text);
  if (!local.starts_with('/') && local.size() == text.size()) return std::nullopt;

  const std::size_t mark = std::min(local.find('?'), local.size());
  std::optional<std::string> path = decode(local.substr(0, mark));
  std::optional<QueryPairs> query = parse_query(local.substr(std::min(mark + 1, local.size())));
  if (!path || !query) return std::nullopt;
  if (path->empty()) path = "/";
  return Target{.path = std::move(*path), .query = std::move(*query)};
}

}  // namespace osbackup::http
