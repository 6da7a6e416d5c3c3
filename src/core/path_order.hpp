#pragma once

#include <string_view>

namespace osbackup {

/// Whether one path comes before another in an archive: component by component, as raw bytes, so that `/` sorts before
/// every other byte: `etc`, `etc/a`, `etc/a/b`, `etc/a-b` (docs/format.md, "Order").
bool precedes(std::string_view left, std::string_view right) noexcept;

/// Whether a normalised path lies below a normalised directory; a directory does not lie below itself.
bool lies_below(std::string_view path, std::string_view directory) noexcept;

}  // namespace osbackup
