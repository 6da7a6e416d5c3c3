#include "database/report_time.hpp"

#include <algorithm>

#include "core/time_format.hpp"

namespace osbackup::database {

ReportTime report_time(const report::BackupReport& report, TimePoint received_at) {
  using std::chrono::floor;
  using std::chrono::seconds;
  // Whole seconds throughout: a clock of years 1970 to 2261 cannot overflow them.
  const auto received = floor<seconds>(received_at);
  const auto parsed = [](const std::optional<std::string>& text) {
    const std::optional<TimePoint> time = text ? parse_rfc3339(*text) : std::nullopt;
    return time ? std::optional(floor<seconds>(*time)) : std::nullopt;
  };
  const auto sent = parsed(report.sent_at);
  const auto finished = parsed(report.finished_at);
  const seconds skew = sent ? received - *sent : seconds{0};
  auto ended = received;
  if (finished) ended = std::clamp(*finished + skew, decltype(ended){}, received);
  ReportTime time{.ended_at = rfc3339(ended), .skew_seconds = std::nullopt};
  if (sent) time.skew_seconds = skew.count();
  return time;
}

}  // namespace osbackup::database
