#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osbackup::report {

/// A UUID of any version (RFC 4122, section 3) in lower case; nothing when the text is none.
std::optional<std::string> canonical_run_id(std::string_view text);

/// Whether the text is hexadecimal digits of either case and nothing else.
bool is_hex(std::string_view text) noexcept;

/// ASCII letters in lower case, other bytes as they are.
std::string lower_case(std::string_view text);

}  // namespace osbackup::report
