#include "archive/json_line.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "core/encoding.hpp"
#include "core/json.hpp"

namespace osbackup::archive {
namespace {

/// The line that `add` makes, closed.
template <class Add>
std::string line_of(Add add) {
  JsonLine line;
  add(line);
  return line.take() + "}";
}

std::string bytes_line(std::string_view bytes) {
  return line_of([&](JsonLine& line) { line.add_bytes("k", bytes); });
}

std::string time_line(std::int64_t seconds, long nanoseconds) {
  return line_of([&](JsonLine& line) { line.add_time("k", {.tv_sec = seconds, .tv_nsec = nanoseconds}); });
}

TEST(JsonLine, KeepsTheOrderOfItsKeys) {
  EXPECT_EQ(line_of([](JsonLine& line) {
              line.add_bytes("path", "etc").add_plain("type", "dir").add_number("uid", 0).add_true("holes");
            }),
            R"({"path":"etc","type":"dir","uid":0,"holes":true})");
}

TEST(JsonLine, HasNineDecimalsAlsoOfADamagedInodesTime) {
  EXPECT_EQ(time_line(1, 1'073'741'823), R"({"k":"1.999999999"})");
  EXPECT_EQ(time_line(-2, 1'073'741'823), R"({"k":"-1.000000001"})");
  EXPECT_EQ(time_line(1, -1), R"({"k":"1.000000000"})");
}

TEST(JsonLine, GoesOnWithWhatWasBegun) {
  JsonLine line(std::string(R"({"a":1)"));

  EXPECT_EQ(line.add_number("b", 2).take(), R"({"a":1,"b":2)");
}

TEST(JsonLine, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(bytes_line("a\"b\\c\n\x01/ \xc3\xa4"), "{\"k\":\"a\\\"b\\\\c\\u000a\\u0001/ \xc3\xa4\"}");
}

TEST(JsonLine, IsReadBackByAParserWhateverTheBytes) {
  for (unsigned first = 0; first < 256; ++first)
    for (const std::string& rest : {std::string(), std::string("z"), std::string("\x80"), std::string("\xbf\xbf")}) {
      const std::string bytes = static_cast<char>(first) + rest;

      const json::Object object = json::parse(bytes_line(bytes)).as_object();

      if (is_utf8(bytes))
        EXPECT_EQ(object.at("k").as_string(), bytes) << first;
      else
        EXPECT_EQ(base64_decode(object.at("k_b64").as_string()), bytes) << first;
      EXPECT_EQ(object.size(), 1U);
    }
}

TEST(JsonLine, WritesNumbersUpToTheLast) {
  EXPECT_EQ(line_of([](JsonLine& line) { line.add_number("k", std::numeric_limits<std::uint64_t>::max()); }),
            R"({"k":18446744073709551615})");
}

TEST(JsonLine, WritesTimesAsDecimalNumbersOnBothSidesOfTheEpoch) {
  EXPECT_EQ(time_line(1'700'000'000, 123'456'789), R"({"k":"1700000000.123456789"})");
  EXPECT_EQ(time_line(0, 0), R"({"k":"0.000000000"})");
  EXPECT_EQ(time_line(0, 5), R"({"k":"0.000000005"})");
  EXPECT_EQ(time_line(-2, 500'000'000), R"({"k":"-1.500000000"})");
  EXPECT_EQ(time_line(-1, 999'999'999), R"({"k":"-0.000000001"})");
  EXPECT_EQ(time_line(-1, 0), R"({"k":"-1.000000000"})");
  EXPECT_EQ(time_line(std::numeric_limits<std::int64_t>::min(), 0), R"({"k":"-9223372036854775808.000000000"})");
  EXPECT_EQ(time_line(std::numeric_limits<std::int64_t>::min(), 1), R"({"k":"-9223372036854775807.999999999"})");
}

}  // namespace
}  // namespace osbackup::archive
