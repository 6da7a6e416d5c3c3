#include "client/time_limit.hpp"

#include <charconv>
#include <ctime>
#include <optional>
#include <string>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/time_format.hpp"

namespace osbackup::client {
namespace {

using std::chrono::seconds;

/// Some hundred years, so that no sum can wrap.
constexpr seconds kLongest = std::chrono::hours(24 * 365 * 200);

std::optional<seconds> unit_of(char letter) {
  switch (letter) {
    case 's':
      return seconds(1);
    case 'm':
      return std::chrono::minutes(1);
    case 'h':
      return std::chrono::hours(1);
    case 'd':
      return std::chrono::hours(24);
    case 'w':
      return std::chrono::hours(24 * 7);
    default:
      return std::nullopt;
  }
}

std::optional<seconds> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const std::optional<seconds> unit = unit_of(text.back());
  text.remove_suffix(1);
  std::uint32_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (!unit || problem != std::errc{} || end != text.data() + text.size() || kLongest / *unit < count)
    return std::nullopt;
  return *unit * count;
}

/// The begin of a day in local time.
std::optional<TimePoint> parse_date(std::string_view text) {
  // That it is a date at all, with days that there are, is known of the same day in UTC.
  if (text.size() != std::string_view("2026-01-31").size()) return std::nullopt;
  const std::optional<TimePoint> in_utc = parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (!in_utc) return std::nullopt;
  const std::time_t utc = std::chrono::floor<seconds>(*in_utc).time_since_epoch().count();
  std::tm fields{};
  gmtime_r(&utc, &fields);
  fields.tm_isdst = -1;
  return TimePoint(seconds(std::mktime(&fields)));
}

}  // namespace

TimePoint parse_time_limit(std::string_view text, TimePoint now) {
  if (const std::optional<seconds> duration = parse_duration(text)) return now - *duration;
  if (const std::optional<TimePoint> date = parse_date(text)) return *date;
  if (const std::optional<TimePoint> time = parse_rfc3339(text)) return *time;
  throw Error(ErrorKind::Usage, "\"" + printable(text) +
                                    "\" is no time: write 7d or 12h for so long ago, a date such as 2026-01-31, or "
                                    "2026-01-31T12:00:00Z");
}

}  // namespace osbackup::client
