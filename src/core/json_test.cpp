#include "core/json.hpp"

#include <gmock/gmock.h>

#include <string>

namespace osbackup::json {
namespace {

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

std::string problem_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << text;
    return error.what();
  }
  return "none";
}

TEST(Json, ReadsAndPrintsAValueOnOneLine) {
  const std::string text = R"({"a":[1,-2,true,null],"b":"x\n\"y"})";
  EXPECT_EQ(serialize(parse("\n " + text + " \r\n")), text);
}

TEST(Json, KeepsNumbersOf64Bits) {
  EXPECT_EQ(parse("18446744073709551615").as_uint64(), 18446744073709551615ULL);
  EXPECT_EQ(parse("-9223372036854775808").as_int64(), std::numeric_limits<std::int64_t>::min());
}

TEST(Json, ReadsThirtyTwoLevelsAndNoMore) {
  EXPECT_EQ(problem_of(nested(32)), "none");
  EXPECT_THAT(problem_of(nested(33)), testing::StartsWith("not JSON at byte 32: "));
  EXPECT_THAT(problem_of(nested(100'000)), testing::StartsWith("not JSON at byte 32: "));
}

TEST(Json, RefusesWhatFollowsTheValue) {
  EXPECT_THAT(problem_of("{} x"), testing::StartsWith("not JSON at byte 3: "));
  EXPECT_THAT(problem_of("1 2"), testing::StartsWith("not JSON at byte 2: "));
  EXPECT_THAT(problem_of("{}{}"), testing::StartsWith("not JSON at byte 2: "));
  EXPECT_NE(problem_of(std::string("{}\0", 3)), "none");
}

TEST(Json, RefusesStringsThatAreNotUtf8) {
  for (const std::string text : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xc3\"", "\"\xf4\x90\x80\x80\"",
                                 "{\"\xff\":1}", "\"\\ud800\"", "\"a\nb\""})
    EXPECT_NE(problem_of(text), "none") << testing::PrintToString(text);
}

TEST(Json, RefusesWhatOnlyLooksLikeJson) {
  for (const std::string text : {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "+1", "1.", ".5", "NaN",
                                 "Infinity", "nul", "\"abc", "// note\n1", "\xEF\xBB\xBF{}"})
    EXPECT_NE(problem_of(text), "none") << text;
}

TEST(Json, TellsNothingOfTheTextInItsMessage) {
  EXPECT_THAT(problem_of("{\"password\": hunter2}"), testing::Not(testing::HasSubstr("hunter2")));
}

}  // namespace
}  // namespace osbackup::json
