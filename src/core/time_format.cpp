#include "core/time_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>

namespace osbackup {
namespace {

using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct DateTime {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::time_t to_time_t(TimePoint time) {
  return static_cast<std::time_t>(floor<seconds>(time).time_since_epoch().count());
}

std::tm utc(TimePoint time) {
  const std::time_t moment = to_time_t(time);
  std::tm parts{};
  gmtime_r(&moment, &parts);
  return parts;
}

std::tm local(TimePoint time) {
  const std::time_t moment = to_time_t(time);
  std::tm parts{};
  localtime_r(&moment, &parts);
  return parts;
}

std::string date_and_time(const std::tm& parts, char separator) {
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     separator, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string zone(const std::tm& parts, std::string_view separator) {
  const long minutes = parts.tm_gmtoff / 60;
  const long size = minutes < 0 ? -minutes : minutes;
  return fmt::format("{}{:02}{}{:02}", minutes < 0 ? '-' : '+', size / 60, separator, size % 60);
}

/// Takes digits and literal characters off the front of a text.
class Scan {
 public:
  explicit Scan(std::string_view text) : rest_(text) {}

  bool literal(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool number(std::size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    for (const char c : rest_.substr(0, digits))
      if (c < '0' || c > '9') return false;
    std::from_chars(rest_.data(), rest_.data() + digits, value);
    rest_.remove_prefix(digits);
    return true;
  }
  /// The digits up to the next other character.
  std::string_view digits() {
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return taken;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool read_date(Scan& scan, std::string_view separator, DateTime& out) {
  const auto separated = [&] { return separator.empty() || scan.literal(separator.front()); };
  return scan.number(4, out.year) && separated() && scan.number(2, out.month) && separated() && scan.number(2, out.day);
}

bool read_time(Scan& scan, std::string_view separator, DateTime& out) {
  const auto separated = [&] { return separator.empty() || scan.literal(separator.front()); };
  return scan.number(2, out.hour) && separated() && scan.number(2, out.minute) && separated() &&
         scan.number(2, out.second);
}

std::optional<TimePoint> to_time_point(const DateTime& parts) {
  const std::chrono::year_month_day date{std::chrono::year{parts.year},
                                         std::chrono::month{static_cast<unsigned>(parts.month)},
                                         std::chrono::day{static_cast<unsigned>(parts.day)}};
  // A leap second is read as the second after it.
  if (parts.year < 1970 || !date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  // Nanoseconds since the epoch leave 64 bits in the year 2262.
  if (parts.year > 2261) return std::nullopt;
  return TimePoint{std::chrono::sys_days{date}} + std::chrono::hours{parts.hour} + std::chrono::minutes{parts.minute} +
         seconds{parts.second};
}

}  // namespace

std::string rfc3339(TimePoint time) { return date_and_time(utc(time), 'T') + "Z"; }

std::string compact_utc(TimePoint time) {
  const std::tm parts = utc(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string local_time(TimePoint time) { return date_and_time(local(time), ' '); }

std::string local_time_with_zone(TimePoint time) {
  const std::tm parts = local(time);
  const auto fraction = floor<milliseconds>(time) - floor<seconds>(time);
  return fmt::format("{}.{:03}{}", date_and_time(parts, 'T'), fraction.count(), zone(parts, ":"));
}

std::string mail_date(TimePoint time) {
  // Not strftime: the names of days and months are English whatever the locale.
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm parts = local(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} {}", kDays.at(static_cast<std::size_t>(parts.tm_wday)),
                     parts.tm_mday, kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec, zone(parts, ""));
}

std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  Scan scan(text);
  DateTime parts;
  if (!read_date(scan, "-", parts) || !(scan.literal('T') || scan.literal('t')) || !read_time(scan, ":", parts))
    return std::nullopt;
  std::chrono::nanoseconds fraction{0};
  if (scan.literal('.')) {
    const std::string_view digits = scan.digits();
    if (digits.empty()) return std::nullopt;
    std::int64_t unit = 100'000'000;
    for (const char digit : digits.substr(0, 9)) {
      fraction += std::chrono::nanoseconds{(digit - '0') * unit};
      unit /= 10;
    }
  }
  std::chrono::minutes offset{0};
  if (!scan.literal('Z') && !scan.literal('z')) {
    const int sign = scan.literal('+') ? 1 : scan.literal('-') ? -1 : 0;
    int hours = 0;
    int minutes = 0;
    if (sign == 0 || !scan.number(2, hours) || !scan.literal(':') || !scan.number(2, minutes) || hours > 23 ||
        minutes > 59)
      return std::nullopt;
    offset = sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
  }
  const std::optional<TimePoint> time = to_time_point(parts);
  if (!scan.at_end() || !time) return std::nullopt;
  const TimePoint moment = *time + fraction - offset;
  // The first hours of 1970 with an offset to the east lie before the epoch.
  return moment < TimePoint{} ? std::nullopt : std::optional(moment);
}

std::optional<TimePoint> parse_compact_utc(std::string_view text) {
  Scan scan(text);
  DateTime parts;
  if (!read_date(scan, "", parts) || !scan.literal('T') || !read_time(scan, "", parts) || !scan.literal('Z') ||
      !scan.at_end())
    return std::nullopt;
  return to_time_point(parts);
}

bool is_local_time(std::string_view text) {
  Scan scan(text);
  DateTime parts;
  return read_date(scan, "-", parts) && scan.literal(' ') && read_time(scan, ":", parts) && scan.at_end() &&
         to_time_point(parts).has_value();
}

std::string human_duration(std::chrono::milliseconds duration) {
  if (duration < seconds{10}) return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1000.0);
  const auto total = floor<seconds>(duration).count();
  if (total < 60) return fmt::format("{} s", total);
  if (total < 3600) return fmt::format("{} m {:02} s", total / 60, total % 60);
  return fmt::format("{} h {:02} m", total / 3600, total % 3600 / 60);
}

}  // namespace osbackup
