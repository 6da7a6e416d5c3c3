#pragma once

#include <string_view>

#include "core/clock.hpp"

namespace osbackup::client {

/// The moment that a person means by `7d` (that long before `now`: s, m, h, d or w), `2026-01-31` (its begin, in local
/// time) or RFC 3339 (`2026-01-31T12:00:00Z`). Usage when it is anything else.
TimePoint parse_time_limit(std::string_view text, TimePoint now);

}  // namespace osbackup::client
