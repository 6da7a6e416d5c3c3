#include "core/encoding.hpp"

#include <gmock/gmock.h>

#include <array>

namespace osbackup {
namespace {

using ::testing::Optional;

std::string bytes_from(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

TEST(Hex, WritesTwoLowerCaseDigitsForEachByte) {
  const std::array bytes = {std::byte{0x00}, std::byte{0x9A}, std::byte{0xFF}};
  EXPECT_EQ(hex(bytes), "009aff");
  EXPECT_EQ(hex({}), "");
}

struct Base64Case {
  std::string bytes;
  std::string text;
};

class Base64 : public testing::TestWithParam<Base64Case> {};

TEST_P(Base64, EncodesAndDecodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64_encode(GetParam().bytes), GetParam().text);
  EXPECT_THAT(base64_decode(GetParam().text), Optional(GetParam().bytes));
}

INSTANTIATE_TEST_SUITE_P(Section10, Base64,
                         testing::Values(Base64Case{"", ""}, Base64Case{"f", "Zg=="}, Base64Case{"fo", "Zm8="},
                                         Base64Case{"foo", "Zm9v"}, Base64Case{"foob", "Zm9vYg=="},
                                         Base64Case{"fooba", "Zm9vYmE="}, Base64Case{"foobar", "Zm9vYmFy"}));

TEST(Base64, KeepsEveryByteValue) {
  std::string all;
  for (int value = 0; value < 256; ++value) all += static_cast<char>(value);
  for (std::size_t length = 254; length <= 256; ++length)
    EXPECT_THAT(base64_decode(base64_encode(all.substr(0, length))), Optional(all.substr(0, length)));
}

TEST(Base64, RefusesWhatIsNotPaddedBase64) {
  for (const std::string text : {"Z", "Zg", "Zg=", "Zm8", "Zm9vY", "=", "==", "===", "====", "Z===", "Zg=a",
                                 "Z=g=", "Zg==Zg==", "Zm9v\n", "Zm9 ", "Zm-_", "Zm8=Zm8="})
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  EXPECT_EQ(base64_decode(std::string("Zm9\0", 4)), std::nullopt);
}

TEST(Base64, RefusesALastDigitWithBitsBeyondTheBytes) {
  EXPECT_THAT(base64_decode("Zg=="), Optional(std::string("f")));
  EXPECT_EQ(base64_decode("Zh=="), std::nullopt);
  EXPECT_EQ(base64_decode("Zm9="), std::nullopt);
  EXPECT_EQ(base64_decode("Zm+="), std::nullopt);
}

TEST(Utf8, KnowsTheFirstAndLastCharacterOfEachLength) {
  for (const std::string& text :
       {bytes_from({0x00}), bytes_from({0x7F}), bytes_from({0xC2, 0x80}), bytes_from({0xDF, 0xBF}),
        bytes_from({0xE0, 0xA0, 0x80}), bytes_from({0xED, 0x9F, 0xBF}), bytes_from({0xEE, 0x80, 0x80}),
        bytes_from({0xEF, 0xBF, 0xBF}), bytes_from({0xF0, 0x90, 0x80, 0x80}), bytes_from({0xF4, 0x8F, 0xBF, 0xBF})}) {
    EXPECT_TRUE(is_utf8(text)) << printable(text);
    EXPECT_EQ(utf8_sequence_length(text + "x"), text.size());
  }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatLiesBeyondTheLastCharacter) {
  for (const std::string& text : {bytes_from({0xC0, 0x80}), bytes_from({0xC1, 0xBF}), bytes_from({0xE0, 0x9F, 0xBF}),
                                  bytes_from({0xF0, 0x8F, 0xBF, 0xBF}), bytes_from({0xED, 0xA0, 0x80}),
                                  bytes_from({0xED, 0xBF, 0xBF}), bytes_from({0xF4, 0x90, 0x80, 0x80}),
                                  bytes_from({0xF5, 0x80, 0x80, 0x80}), bytes_from({0xFE}), bytes_from({0xFF})})
    EXPECT_FALSE(is_utf8(text)) << printable(text);
}

TEST(Utf8, RefusesSequencesThatEndTooEarlyOrBeginInTheMiddle) {
  for (const std::string& text :
       {bytes_from({0x80}), bytes_from({0xBF, 'a'}), bytes_from({0xC2}), bytes_from({0xC2, 'a'}),
        bytes_from({0xE2, 0x82}), bytes_from({0xE2, 0x82, 'a'}), bytes_from({0xE2, 'a', 0xAC}),
        bytes_from({0xF0, 0x9F, 0x98}), bytes_from({'a', 0xF0, 0x9F, 0x98, 'a'})})
    EXPECT_FALSE(is_utf8(text)) << printable(text);
  EXPECT_EQ(utf8_sequence_length(""), 0U);
  EXPECT_TRUE(is_utf8(""));
}

TEST(PercentCode, EncodesWhatIsNotKeptWithUpperCaseDigits) {
  const auto keep = [](char c) { return c >= 'a' && c <= 'z'; };
  EXPECT_EQ(percent_encode("a/\xff+%", keep), "a%2F%FF%2B%25");
}

TEST(PercentCode, DecodesEitherCaseAlsoAtTheEnd) {
  EXPECT_THAT(percent_decode("a%2F%2f%00"), Optional(std::string("a//\0", 4)));
  EXPECT_THAT(percent_decode(""), Optional(std::string()));
  EXPECT_THAT(percent_decode("%%"), testing::Eq(std::nullopt));
}

TEST(PercentCode, RefusesASignWithoutTwoDigits) {
  for (const std::string text : {"%", "a%", "%2", "a%2", "%G0", "%0G", "%+1", "% 1", "%2%46"})
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
}

TEST(Printable, ShowsControlBytesAndBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("a\nb\\c\x1b[0m\x7f"), "a\\nb\\c\\x1b[0m\\x7f");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("sch\xc3\xb6n \xf0\x9f\x98\x80"), "sch\xc3\xb6n \xf0\x9f\x98\x80");
  EXPECT_EQ(printable(std::string("\0", 1)), "\\x00");
}

TEST(Printable, ShowsControlCharactersThatAreTwoBytesLong) {
  EXPECT_EQ(printable("\xc2\x9b"
                      "1m"),
            "\\xc2\\x9b1m");
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
}

TEST(Printable, LeavesAsItIsWhatIsPrintableAlready) {
  EXPECT_EQ(printable(printable("a\n\xff\\")), printable("a\n\xff\\"));
}

TEST(Printable, CutsWhatIsTooLongBetweenCharacters) {
  EXPECT_EQ(printable("abcde", 5), "abcde");
  EXPECT_EQ(printable("abcdef", 5), "abcde...");
  EXPECT_EQ(printable("\xc3\xb6\xc3\xb6\xc3\xb6", 3), "\xc3\xb6\xc3\xb6...");
}

TEST(OneLine, HasNoLineEndsAndNoBlanksBehind) {
  EXPECT_EQ(one_line("first\r\nsecond\tthird\n\n"), "first  second third");
  EXPECT_EQ(one_line(" \n"), "");
}

}  // namespace
}  // namespace osbackup
