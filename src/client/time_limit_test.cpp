#include "client/time_limit.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>

#include "core/error.hpp"
#include "core/time_format.hpp"
#include "support/fails_with.hpp"

namespace osbackup::client {
namespace {

class TimeLimitTest : public testing::Test {
 protected:
  void SetUp() override { set_zone("Europe/Berlin"); }
  void TearDown() override { set_zone("UTC"); }

  static std::string limit(const std::string& text) {
    return rfc3339(parse_time_limit(text, *parse_rfc3339("2026-03-10T12:00:00Z")));
  }

 private:
  static void set_zone(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
};

TEST_F(TimeLimitTest, MayBeSoLongAgo) {
  EXPECT_EQ(limit("90s"), "2026-03-10T11:58:30Z");
  EXPECT_EQ(limit("5m"), "2026-03-10T11:55:00Z");
  EXPECT_EQ(limit("12h"), "2026-03-10T00:00:00Z");
  EXPECT_EQ(limit("7d"), "2026-03-03T12:00:00Z");
  EXPECT_EQ(limit("2w"), "2026-02-24T12:00:00Z");
  EXPECT_EQ(limit("0s"), "2026-03-10T12:00:00Z");
}

TEST_F(TimeLimitTest, MayBeTheBeginOfADayInLocalTime) {
  EXPECT_EQ(limit("2026-01-31"), "2026-01-30T23:00:00Z");
  EXPECT_EQ(limit("2026-07-31"), "2026-07-30T22:00:00Z");
}

TEST_F(TimeLimitTest, MayBeAMoment) { EXPECT_EQ(limit("2026-01-31T12:00:00+02:00"), "2026-01-31T10:00:00Z"); }

TEST_F(TimeLimitTest, IsNothingElse) {
  for (const char* text : {"", "7", "d", "-7d", "7 d", "7y", "1.5h", "99999999999d", "4294967295w", "2026-02-30",
                           "2026-1-31", "yesterday", "2026-01-31T12:00:00"})
    EXPECT_THAT([&] { limit(text); }, test::fails_with(ErrorKind::Usage, "is no time: write 7d")) << text;
}

}  // namespace
}  // namespace osbackup::client
