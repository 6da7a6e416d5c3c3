#include "archive/tar_number.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <string>

#include "archive/pax_header.hpp"

namespace osbackup::archive {

namespace {

using namespace std::string_literals;
using testing::Optional;

auto is(const timespec& time) {
  return Optional(testing::AllOf(testing::Field("tv_sec", &timespec::tv_sec, time.tv_sec),
                                 testing::Field("tv_nsec", &timespec::tv_nsec, time.tv_nsec)));
}

TEST(TarNumber, IsOctal) {
  for (const std::string& field :
       {"0000644\0"s, "000644 \0"s, "   644 "s, "644"s, "644\0\0\0\0"s, "00000000644"s, "644\0rest"s, "644 rest"s})
    EXPECT_THAT(tar_number(field), Optional(0644)) << field;
  EXPECT_THAT(tar_number("777777777777"), Optional(0777777777777));
}

TEST(TarNumber, IsZeroInAnEmptyField) {
  for (const std::string& field : {""s, "\0\0\0\0\0\0\0\0"s, "        "s, "  \0"s})
    EXPECT_THAT(tar_number(field), Optional(0)) << field;
}

TEST(TarNumber, IsBase256) {
  EXPECT_THAT(tar_number("\x80\0\0\0\0\0\0\x05"s), Optional(5));
  EXPECT_THAT(tar_number("\x80\0\0\0\xff\xff\xff\xff"s), Optional(0xFFFFFFFF));
  EXPECT_THAT(tar_number("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"s),
              Optional(std::numeric_limits<std::int64_t>::max()));
  EXPECT_THAT(tar_number("\xff\xff\xff\xff\xff\xff\xff\xff"s), Optional(-1));
  EXPECT_THAT(tar_number("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"s), Optional(std::numeric_limits<std::int64_t>::min()));
}

TEST(TarNumber, IsNothingElse) {
  for (const std::string& field : {"8"s, "-1"s, "+1"s, "0x1"s, "64a"s, "\x01"s, "7777777777777777777777"s,
                                   "\x80\0\0\0\x80\0\0\0\0\0\0\0"s, "\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s,
                                   "\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s, "\xc0\0\0\0\0\0\0\0\0\0\0\0"s})
    EXPECT_EQ(tar_number(field), std::nullopt) << field;
}

TEST(DecimalNumber, HasNoSignAndFits64Bits) {
  EXPECT_THAT(decimal_number("18446744073709551615"), Optional(UINT64_MAX));
  EXPECT_THAT(decimal_number("007"), Optional(7U));
  for (const char* text : {"", " 1", "1 ", "-1", "+1", "1.5", "0x1", "18446744073709551616"})
    EXPECT_EQ(decimal_number(text), std::nullopt) << text;
}

TEST(DecimalTime, HasNanosecondsThatCountUp) {
  EXPECT_THAT(decimal_time("0"), is({.tv_sec = 0, .tv_nsec = 0}));
  EXPECT_THAT(decimal_time("1700000000.5"), is({.tv_sec = 1'700'000'000, .tv_nsec = 500'000'000}));
  EXPECT_THAT(decimal_time("1."), is({.tv_sec = 1, .tv_nsec = 0}));
  EXPECT_THAT(decimal_time("1.0000000019"), is({.tv_sec = 1, .tv_nsec = 1}));
  EXPECT_THAT(decimal_time("-1.5"), is({.tv_sec = -2, .tv_nsec = 500'000'000}));
  EXPECT_THAT(decimal_time("-0.000000001"), is({.tv_sec = -1, .tv_nsec = 999'999'999}));
  EXPECT_THAT(decimal_time("-9223372036854775807.5"),
              is({.tv_sec = std::numeric_limits<time_t>::min(), .tv_nsec = 500'000'000}));
  EXPECT_THAT(decimal_time("-9223372036854775808"), is({.tv_sec = std::numeric_limits<time_t>::min(), .tv_nsec = 0}));
  for (const char* text : {"", "-", "--1", "x", ".5", "1.x", "1.5.5", "1e5", "9223372036854775808", "1.-5",
                           "-9223372036854775808.5", "-9223372036854775809"})
    EXPECT_FALSE(decimal_time(text)) << text;
}

TEST(DecimalTime, IsTheInverseOfThePaxRecord) {
  for (const time_t seconds : {time_t{0}, time_t{-1}, time_t{1'700'000'000}, std::numeric_limits<time_t>::max(),
                               std::numeric_limits<time_t>::min()})
    for (const long nanoseconds : {0L, 1L, 500'000'000L, 999'999'999L}) {
      const timespec time{.tv_sec = seconds, .tv_nsec = nanoseconds};
      std::vector<std::byte> record;
      append_pax_time(record, "mtime", time);
      std::string text(reinterpret_cast<const char*>(record.data()), record.size() - 1);

      EXPECT_THAT(decimal_time(text.substr(text.find('=') + 1)), is(time)) << text;
    }
}

}  // namespace
}  // namespace osbackup::archive
