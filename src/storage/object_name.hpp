#pragma once

#include <string_view>

namespace osbackup::storage {

/// Whether an object may have this name at a destination of any kind: 1 to 255 bytes of UTF-8 without slashes and
/// control characters, which neither begins with a dot (FTP servers hide such files) nor begins or ends with a space
/// (they cut them off). Thread-safe.
bool is_object_name(std::string_view name) noexcept;

/// Throws Usage, with the name and the rule, when it is not.
void require_object_name(std::string_view name);

}  // namespace osbackup::storage
