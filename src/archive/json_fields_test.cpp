#include "archive/json_fields.hpp"

#include <gmock/gmock.h>

#include "support/fails_with.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

class JsonFieldsTest : public testing::Test {
 protected:
  const json::Object object_ = parse_object(
      R"({"text":"a b","bytes":"\u0001ü","raw_b64":"/w==","n":7,"big":18446744073709551615,"minus":-1,"half":0.5,)"
      R"("yes":true,"no":false,"none":null,"both":"a","both_b64":"YQ==","bad_b64":"YQ=","nul":"\u0000","empty":"",)"
      R"("digest":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","list":[1],"object":{}})");
  const JsonFields fields_{object_};
};

TEST_F(JsonFieldsTest, GiveBytesInEitherForm) {
  EXPECT_EQ(fields_.bytes("bytes"), "\x01ü");
  EXPECT_EQ(fields_.bytes("raw"), "\xff");
  EXPECT_EQ(fields_.optional_bytes("missing"), std::nullopt);
}

TEST_F(JsonFieldsTest, RefuseBytesThatAreNone) {
  for (const char* key : {"both", "bad", "nul", "empty", "n", "missing", "none"})
    EXPECT_THAT([&] { fields_.bytes(key); }, fails_with(ErrorKind::Corrupt, key)) << key;
}

TEST_F(JsonFieldsTest, GiveTextThatCanBePrinted) {
  EXPECT_EQ(fields_.text("text"), "a b");
  EXPECT_EQ(fields_.optional_text("missing"), std::nullopt);
  for (const char* key : {"bytes", "nul", "n", "missing"})
    EXPECT_THAT([&] { fields_.text(key); }, fails_with(ErrorKind::Corrupt, key)) << key;
}

TEST_F(JsonFieldsTest, GiveWholeNumbersInTheirRange) {
  EXPECT_EQ(fields_.number("n"), 7U);
  EXPECT_EQ(fields_.number("n", 7), 7U);
  EXPECT_EQ(fields_.number("big"), ~std::uint64_t{0});
  EXPECT_THAT([&] { fields_.number("n", 6); }, fails_with(ErrorKind::Corrupt, "n is not a whole number from 0 to 6"));
  for (const char* key : {"minus", "half", "text", "yes", "none", "missing"})
    EXPECT_THAT([&] { fields_.number(key); }, fails_with(ErrorKind::Corrupt, key)) << key;
}

TEST_F(JsonFieldsTest, GiveDigestsOfLowerCaseDigits) {
  EXPECT_EQ(crypto::to_hex(fields_.digest("digest")), object_.at("digest").as_string());
  EXPECT_EQ(fields_.optional_digest("missing"), std::nullopt);
  for (const std::string& text : {std::string(64, 'A'), std::string(63, 'a'), std::string(65, 'a'), std::string()}) {
    const json::Object object{{"digest", text}};
    EXPECT_THAT([&] { JsonFields(object).digest("digest"); }, fails_with(ErrorKind::Corrupt, "64 lower-case")) << text;
  }
}

TEST_F(JsonFieldsTest, TakeAFlagForTrueOrAbsent) {
  EXPECT_TRUE(fields_.flag("yes"));
  EXPECT_FALSE(fields_.flag("missing"));
  for (const char* key : {"no", "none", "n"})
    EXPECT_THAT([&] { fields_.flag(key); }, fails_with(ErrorKind::Corrupt, "is not true")) << key;
}

TEST_F(JsonFieldsTest, TellListsAndObjectsApart) {
  EXPECT_EQ(fields_.array("list").size(), 1U);
  EXPECT_TRUE(fields_.object("object").empty());
  EXPECT_THAT([&] { fields_.array("object"); }, fails_with(ErrorKind::Corrupt, "object is not a list"));
  EXPECT_THAT([&] { fields_.object("list"); }, fails_with(ErrorKind::Corrupt, "list is not an object"));
  EXPECT_THAT([] { parse_object("[]"); }, fails_with(ErrorKind::Corrupt, "not a JSON object"));
}

TEST_F(JsonFieldsTest, RefuseWhatShouldNotBeThereInEitherForm) {
  fields_.expect_absent("missing");
  EXPECT_THAT([&] { fields_.expect_absent("text"); }, fails_with(ErrorKind::Corrupt, "text"));
  EXPECT_THAT([&] { fields_.expect_absent("raw"); }, fails_with(ErrorKind::Corrupt, "raw"));
}

}  // namespace
}  // namespace osbackup::archive
