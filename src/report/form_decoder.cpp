#include "report/form_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::report {
namespace {

constexpr std::size_t kFieldsMax = 100;

std::string decode(std::string_view text, std::size_t field_number) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  std::optional<std::string> decoded = percent_decode(spaced);
  if (!decoded)
    throw Error(ErrorKind::Usage,
                fmt::format("field {} of the form: % must be followed by two hexadecimal digits", field_number));
  return *std::move(decoded);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> decode_form(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> fields;
  std::set<std::string> names;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view field = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (field.empty()) continue;
    if (fields.size() == kFieldsMax)
      throw Error(ErrorKind::Usage, fmt::format("the form has more than {} fields", kFieldsMax));
    const std::size_t divider = std::min(field.find('='), field.size());
    const std::size_t number = fields.size() + 1;
    std::string name = decode(field.substr(0, divider), number);
    std::string value = decode(field.substr(std::min(divider + 1, field.size())), number);
    if (!names.insert(name).second)
      throw Error(ErrorKind::Usage, fmt::format("{} comes twice in the form", printable(name, 64)));
    fields.emplace_back(std::move(name), std::move(value));
  }
  return fields;
}

}  // namespace osbackup::report
