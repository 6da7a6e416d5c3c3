#include "archive/pax_header.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <string>

namespace osbackup::archive {
namespace {

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string record(const std::string& keyword, const std::string& value) {
  std::vector<std::byte> out;
  append_pax_record(out, keyword, value);
  return text_of(out);
}

std::string time_record(const timespec& time) {
  std::vector<std::byte> out;
  append_pax_time(out, "mtime", time);
  return text_of(out);
}

TEST(PaxRecord, BeginsWithItsOwnLength) { EXPECT_EQ(record("path", "etc/passwd"), "19 path=etc/passwd\n"); }

TEST(PaxRecord, CountsTheDigitsOfItsLengthAlsoWhereTheyBecomeMore) {
  EXPECT_EQ(record("k", "1234"), "9 k=1234\n");
  EXPECT_EQ(record("k", "12345"), "11 k=12345\n");  // No record has a length of 10: "10 k=1234\n" has one byte less.
  for (std::size_t bytes = 0; bytes < 11'000; ++bytes) {
    const std::string written = record("k", std::string(bytes, 'v'));
    ASSERT_EQ(written.size(), std::stoul(written)) << bytes;
    ASSERT_EQ(written.size(), pax_record_bytes(1, bytes)) << bytes;
    ASSERT_EQ(written.substr(written.find(' ') + 1), "k=" + std::string(bytes, 'v') + "\n");
  }
}

TEST(PaxRecord, AppendsToWhatIsThere) {
  std::vector<std::byte> out;
  append_pax_record(out, "a", "");
  append_pax_record(out, "b", "x");

  EXPECT_EQ(text_of(out), "5 a=\n6 b=x\n");
}

TEST(PaxRecord, TakesAnyBytesForItsValue) {
  using namespace std::string_literals;
  EXPECT_EQ(record("k", "a\n\0=\xff"s), "11 k=a\n\0=\xff\n"s);
}

TEST(PaxNumber, IsDecimal) {
  std::vector<std::byte> out;
  append_pax_number(out, "size", 0);
  append_pax_number(out, "size", std::numeric_limits<std::uint64_t>::max());

  EXPECT_EQ(text_of(out), "9 size=0\n29 size=18446744073709551615\n");
}

TEST(PaxTime, HasAFractionOnlyWhenThereIsOne) {
  EXPECT_EQ(time_record({.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789}), "30 mtime=1700000000.123456789\n");
  EXPECT_EQ(time_record({.tv_sec = 1'700'000'000, .tv_nsec = 1}), "30 mtime=1700000000.000000001\n");
  EXPECT_EQ(time_record({.tv_sec = 8'589'934'592, .tv_nsec = 0}), "20 mtime=8589934592\n");
}

TEST(PaxTime, CountsTheFractionAwayFromZero) {
  EXPECT_EQ(time_record({.tv_sec = -2, .tv_nsec = 500'000'000}), "22 mtime=-1.500000000\n");
  EXPECT_EQ(time_record({.tv_sec = -1, .tv_nsec = 999'999'999}), "22 mtime=-0.000000001\n");
  EXPECT_EQ(time_record({.tv_sec = -1, .tv_nsec = 0}), "12 mtime=-1\n");
}

TEST(PaxTime, KnowsTheEndsOfTime) {
  constexpr time_t kFirst = std::numeric_limits<time_t>::min();
  constexpr time_t kLast = std::numeric_limits<time_t>::max();
  EXPECT_EQ(time_record({.tv_sec = kFirst, .tv_nsec = 0}), "30 mtime=-9223372036854775808\n");
  EXPECT_EQ(time_record({.tv_sec = kFirst, .tv_nsec = 1}), "40 mtime=-9223372036854775807.999999999\n");
  EXPECT_EQ(time_record({.tv_sec = kLast, .tv_nsec = 999'999'999}), "39 mtime=9223372036854775807.999999999\n");
}

TEST(PaxTime, BringsImpossibleNanosecondsIntoTheirRange) {
  EXPECT_EQ(time_record({.tv_sec = 1, .tv_nsec = -5}), "11 mtime=1\n");
  EXPECT_EQ(time_record({.tv_sec = 1, .tv_nsec = 4'000'000'000}), "21 mtime=1.999999999\n");
  EXPECT_EQ(time_record({.tv_sec = -1, .tv_nsec = std::numeric_limits<long>::max()}), "22 mtime=-0.000000001\n");
}

TEST(PaxRecord, IsReadBackWhateverItHolds) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> records = {
      {"a", ""}, {"path", "x=\n5 y=z\n"}, {"k", std::string(95, 'v')}, {"binary", "\0\xff"s}};
  std::string header;
  for (const auto& [keyword, value] : records) header += record(keyword, value);

  std::vector<std::pair<std::string, std::string>> found;
  read_pax_records(header,
                   [&](std::string_view keyword, std::string_view value) { found.emplace_back(keyword, value); });

  EXPECT_EQ(found, records);
}

}  // namespace
}  // namespace osbackup::archive
