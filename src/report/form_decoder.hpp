#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osbackup::report {

/// Decodes an `application/x-www-form-urlencoded` body (WHATWG URL Standard, 5.1): `+` is a space, `%2B` a plus.
/// Returns the fields in their order, bytes as they are. Usage when a `%` is not followed by two hexadecimal digits,
/// when a field comes twice, or when there are more than 100.
std::vector<std::pair<std::string, std::string>> decode_form(std::string_view body);

}  // namespace osbackup::report
