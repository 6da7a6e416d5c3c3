#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace osbackup {

/// `2026-11-23T09:30:00Z`: RFC 3339, UTC, whole seconds.
std::string rfc3339(TimePoint time);

/// `20261123T093000Z`: UTC, as an archive's name carries it.
std::string compact_utc(TimePoint time);

/// `2026-11-23 09:30:00`: the host's local time without a zone, as the reports' `backup_time` has it.
std::string local_time(TimePoint time);

/// `2026-11-23T09:30:00.123+01:00`: the host's local time with its zone, as log lines begin.
std::string local_time_with_zone(TimePoint time);

/// The same, in the form of RFC 5322, 3.3 (`Mon, 23 Nov 2026 09:30:00 +0100`), for the Date of a mail.
std::string mail_date(TimePoint time);

/// Reads RFC 3339 with any offset and fraction, from 1970 to 2261; nothing when it is anything else. A leap second is
/// the second after it; of a fraction nine digits count.
std::optional<TimePoint> parse_rfc3339(std::string_view text);

/// Reads compact_utc's form; nothing when it is anything else.
std::optional<TimePoint> parse_compact_utc(std::string_view text);

/// Whether the text is a date and time as local_time writes it, with every field in its range.
bool is_local_time(std::string_view text);

/// `4 m 12 s`, `1 h 03 m`, `0.8 s`: for people.
std::string human_duration(std::chrono::milliseconds duration);

}  // namespace osbackup
