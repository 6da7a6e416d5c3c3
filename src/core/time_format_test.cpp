#include "core/time_format.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>

namespace osbackup {
namespace {

using ::testing::Optional;
using namespace std::chrono_literals;

TimePoint at(std::int64_t seconds, std::chrono::nanoseconds fraction = 0ns) {
  return TimePoint{std::chrono::seconds{seconds}} + fraction;
}

constexpr std::int64_t kNovember = 1'795'426'200;  // 2026-11-23T09:30:00Z

/// The process's time zone for the length of a test.
class TimeZone {
 public:
  explicit TimeZone(const char* zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    setenv("TZ", zone, 1);
    tzset();
  }
  ~TimeZone() {
    before_ ? setenv("TZ", before_->c_str(), 1) : unsetenv("TZ");
    tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  std::optional<std::string> before_;
};

TEST(TimeFormat, WritesUtcWhateverTheZoneIs) {
  const TimeZone zone("Asia/Kolkata");
  EXPECT_EQ(rfc3339(at(kNovember)), "2026-11-23T09:30:00Z");
  EXPECT_EQ(compact_utc(at(kNovember)), "20261123T093000Z");
}

TEST(TimeFormat, WritesLocalTimesWithTheirZone) {
  const TimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(local_time(at(kNovember)), "2026-11-23 10:30:00");
  EXPECT_EQ(local_time_with_zone(at(kNovember, 123'999'999ns)), "2026-11-23T10:30:00.123+01:00");
  EXPECT_EQ(mail_date(at(kNovember)), "Mon, 23 Nov 2026 10:30:00 +0100");
}

TEST(TimeFormat, FollowsSummerTime) {
  const TimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(local_time_with_zone(at(1'782'864'000)), "2026-07-01T02:00:00.000+02:00");
}

TEST(TimeFormat, WritesZonesWestOfGreenwichAndWithHalfHours) {
  const TimeZone zone("NST3:30");
  EXPECT_EQ(local_time_with_zone(at(kNovember)), "2026-11-23T06:00:00.000-03:30");
  EXPECT_EQ(mail_date(at(kNovember)), "Mon, 23 Nov 2026 06:00:00 -0330");
}

TEST(TimeFormat, RoundsTimesBefore1970Down) {
  const TimeZone zone("UTC0");
  EXPECT_EQ(rfc3339(at(0, -1ns)), "1969-12-31T23:59:59Z");
  EXPECT_EQ(local_time_with_zone(at(0, -1ms)), "1969-12-31T23:59:59.999+00:00");
  EXPECT_EQ(compact_utc(at(-86'400)), "19691231T000000Z");
}

TEST(ParseRfc3339, ReadsWhatItWrites) {
  EXPECT_THAT(parse_rfc3339("2026-11-23T09:30:00Z"), Optional(at(kNovember)));
  EXPECT_THAT(parse_rfc3339("1970-01-01T00:00:00Z"), Optional(at(0)));
  EXPECT_THAT(parse_rfc3339(rfc3339(TimePoint::max() - 365 * 24h)), testing::Ne(std::nullopt));
}

TEST(ParseRfc3339, ReadsOffsets) {
  EXPECT_THAT(parse_rfc3339("2026-11-23T10:30:00+01:00"), Optional(at(kNovember)));
  EXPECT_THAT(parse_rfc3339("2026-11-23t06:00:00-03:30"), Optional(at(kNovember)));
  EXPECT_THAT(parse_rfc3339("2026-11-23T09:30:00-00:00"), Optional(at(kNovember)));
  EXPECT_THAT(parse_rfc3339("2026-11-24T09:29:00+23:59"), Optional(at(kNovember)));
}

TEST(ParseRfc3339, ReadsFractionsOfAnyLength) {
  EXPECT_THAT(parse_rfc3339("2026-11-23T09:30:00.5Z"), Optional(at(kNovember, 500ms)));
  EXPECT_THAT(parse_rfc3339("2026-11-23T09:30:00.000000001z"), Optional(at(kNovember, 1ns)));
  EXPECT_THAT(parse_rfc3339("2026-11-23T09:30:00.1234567899999999999999Z"), Optional(at(kNovember, 123'456'789ns)));
}

TEST(ParseRfc3339, ReadsALeapSecondAsTheSecondAfterIt) {
  EXPECT_THAT(parse_rfc3339("2016-12-31T23:59:60Z"), Optional(*parse_rfc3339("2017-01-01T00:00:00Z")));
}

TEST(ParseRfc3339, KnowsLeapYears) {
  EXPECT_THAT(parse_rfc3339("2024-02-29T00:00:00Z"), testing::Ne(std::nullopt));
  EXPECT_EQ(parse_rfc3339("2026-02-29T00:00:00Z"), std::nullopt);
  EXPECT_EQ(parse_rfc3339("2100-02-29T00:00:00Z"), std::nullopt);
}

TEST(ParseRfc3339, KeepsToTheYearsThatItCanHold) {
  EXPECT_THAT(parse_rfc3339("2261-12-31T23:59:60.999999999-23:59"), testing::Ne(std::nullopt));
  EXPECT_EQ(parse_rfc3339("2262-01-01T00:00:00Z"), std::nullopt);
  EXPECT_EQ(parse_rfc3339("9999-12-31T23:59:59Z"), std::nullopt);
  EXPECT_EQ(parse_rfc3339("1969-12-31T23:59:59Z"), std::nullopt);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00+00:01"), std::nullopt);
}

TEST(ParseRfc3339, RefusesEverythingElse) {
  for (const std::string text : {"",
                                 "2026",
                                 "2026-11-23",
                                 "2026-11-23T09:30:00",
                                 "2026-11-23 09:30:00Z",
                                 "2026-11-23T09:30Z",
                                 "2026-11-23T09:30:00Z ",
                                 " 2026-11-23T09:30:00Z",
                                 "2026-11-23T09:30:00.Z",
                                 "2026-11-23T09:30:00,5Z",
                                 "2026-11-23T09:30:00+0100",
                                 "2026-11-23T09:30:00+01",
                                 "2026-11-23T09:30:00+24:00",
                                 "2026-11-23T09:30:00+01:60",
                                 "2026-11-23T24:00:00Z",
                                 "2026-11-23T09:60:00Z",
                                 "2026-11-23T09:30:61Z",
                                 "2026-00-23T09:30:00Z",
                                 "2026-13-23T09:30:00Z",
                                 "2026-11-00T09:30:00Z",
                                 "2026-11-31T09:30:00Z",
                                 "26-11-23T09:30:00Z",
                                 "+2026-11-23T09:30:00Z",
                                 "2026-11-2 T09:30:00Z",
                                 "2026-11--3T09:30:00Z",
                                 "2026-11-23T09:30:00ZZ",
                                 "12026-11-23T09:30:00Z"})
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

TEST(ParseCompactUtc, ReadsWhatItWritesAndNothingElse) {
  EXPECT_THAT(parse_compact_utc("20261123T093000Z"), Optional(at(kNovember)));
  for (const std::string text :
       {"", "20261123T093000", "20261123t093000Z", "20261123T093000z", "2026-11-23T09:30:00Z", "20261123T0930Z",
        "20261123T093000Z0", "20261323T093000Z", "19691231T235959Z", "20261123T093000.5Z", "2026112 T093000Z"})
    EXPECT_EQ(parse_compact_utc(text), std::nullopt) << text;
}

TEST(IsLocalTime, KnowsTheUsersFormOfATime) {
  EXPECT_TRUE(is_local_time("2014-01-01 11:11:11"));
  for (const std::string text :
       {"", "2014-01-01", "2014-01-01T11:11:11", "2014-01-01 11:11", "2014-01-01 11:11:11Z", "2014-1-1 11:11:11",
        "2014-02-30 11:11:11", "2014-01-01 25:11:11", "2014-01-01 11:11:11 "})
    EXPECT_FALSE(is_local_time(text)) << text;
}

TEST(HumanDuration, ShowsTwoUnitsAtMost) {
  EXPECT_EQ(human_duration(0ms), "0.0 s");
  EXPECT_EQ(human_duration(840ms), "0.8 s");
  EXPECT_EQ(human_duration(9'900ms), "9.9 s");
  EXPECT_EQ(human_duration(10s), "10 s");
  EXPECT_EQ(human_duration(59'999ms), "59 s");
  EXPECT_EQ(human_duration(60s), "1 m 00 s");
  EXPECT_EQ(human_duration(4min + 12s), "4 m 12 s");
  EXPECT_EQ(human_duration(59min + 59'999ms), "59 m 59 s");
  EXPECT_EQ(human_duration(1h + 3min + 59s), "1 h 03 m");
  EXPECT_EQ(human_duration(100h), "100 h 00 m");
}

}  // namespace
}  // namespace osbackup
