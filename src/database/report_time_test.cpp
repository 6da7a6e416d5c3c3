#include "database/report_time.hpp"

#include <gtest/gtest.h>

#include "core/time_format.hpp"

namespace osbackup::database {
namespace {

using report::BackupReport;

constexpr std::string_view kReceived = "2026-11-23T10:00:00Z";

struct Lateness {
  std::optional<std::string> sent_at;
  std::optional<std::string> finished_at;
  std::string ended_at;
  std::optional<std::int64_t> skew_seconds;
};

TEST(ReportTime, CorrectsTheHostsClockAndNeverRunsAhead) {
  const std::vector<Lateness> cases = {
      {std::nullopt, std::nullopt, "2026-11-23T10:00:00Z", std::nullopt},
      {"2026-11-23T10:00:00Z", "2026-11-23T09:50:00Z", "2026-11-23T09:50:00Z", 0},
      // The host's clock is an hour behind, or ahead.
      {"2026-11-23T09:00:00Z", "2026-11-23T08:50:00Z", "2026-11-23T09:50:00Z", 3600},
      {"2026-11-23T11:00:00Z", "2026-11-23T10:50:00Z", "2026-11-23T09:50:00Z", -3600},
      // Three weeks in an outbox.
      {"2026-11-23T10:00:00Z", "2026-11-02T09:50:00Z", "2026-11-02T09:50:00Z", 0},
      {"2026-11-23T10:00:00Z", "2027-01-01T00:00:00Z", "2026-11-23T10:00:00Z", 0},
      {std::nullopt, "2027-01-01T00:00:00Z", "2026-11-23T10:00:00Z", std::nullopt},
      {"2261-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", -7387682400},
  };
  for (const Lateness& expected : cases) {
    BackupReport report;
    report.sent_at = expected.sent_at;
    report.finished_at = expected.finished_at;
    const ReportTime time = report_time(report, parse_rfc3339(kReceived).value());
    EXPECT_EQ(time.ended_at, expected.ended_at);
    EXPECT_EQ(time.skew_seconds, expected.skew_seconds);
  }
}

}  // namespace
}  // namespace osbackup::database
