#include "http/message.hpp"

#include <algorithm>
#include <cassert>

namespace osbackup::http {

namespace {

std::optional<std::string_view> first_of(const std::vector<std::pair<std::string, std::string>>& pairs,
                                         std::string_view name) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
  if (found == pairs.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
  return first_of(headers, lower_case_name);
}

std::optional<std::string_view> Request::query_value(std::string_view name) const { return first_of(query, name); }

Response error_response(unsigned status, std::string cause) {
  assert(!cause.empty());
  Response response;
  response.status = status;
  response.cause = std::move(cause);
  return response;
}

}  // namespace osbackup::http
