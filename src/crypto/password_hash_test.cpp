#include "crypto/password_hash.hpp"

#include <gmock/gmock.h>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::crypto {
namespace {

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return bytes;
}

const std::string kHash16 = base64_encode(std::string(16, 'h'));

TEST(PasswordHash, IsOnePrintableLineWithItsCost) {
  const std::string hash = hash_password(Secret("hunter2"));
  EXPECT_THAT(hash, testing::MatchesRegex(R"(\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=)"));
  EXPECT_THAT(hash, testing::Not(testing::HasSubstr("hunter2")));
}

TEST(PasswordHash, KnowsTheRightPasswordAndNoOther) {
  const std::string hash = hash_password(Secret("hunter2"));
  EXPECT_TRUE(verify_password(Secret("hunter2"), hash));
  for (const std::string wrong : {"", "hunter", "hunter22", "Hunter2", "hunter2 "})
    EXPECT_FALSE(verify_password(Secret(wrong), hash)) << wrong;
}

TEST(PasswordHash, TakesAnEmptyPasswordAndOneWithAnyBytes) {
  for (const std::string& password : {std::string(), std::string("a\0b", 3), std::string("\xff\n;#\"")}) {
    const std::string hash = hash_password(Secret(password));
    EXPECT_TRUE(verify_password(Secret(password), hash));
    EXPECT_FALSE(verify_password(Secret(password + "a"), hash));
  }
  EXPECT_FALSE(verify_password(Secret("a"), hash_password(Secret(std::string("a\0b", 3)))));
}

TEST(PasswordHash, HasAnotherSaltEachTime) { EXPECT_NE(hash_password(Secret("x")), hash_password(Secret("x"))); }

TEST(PasswordHash, IsScryptAsInRfc7914Section12) {
  const std::string sixteen_passes =
      "$scrypt$ln=10,r=8,p=16$" + base64_encode("NaCl") + "$" +
      base64_encode(from_hex("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                             "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"));
  const std::string one_pass =
      "$scrypt$ln=14,r=8,p=1$" + base64_encode("SodiumChloride") + "$" +
      base64_encode(from_hex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                             "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"));
  EXPECT_TRUE(verify_password(Secret("password"), sixteen_passes));
  EXPECT_TRUE(verify_password(Secret("pleaseletmein"), one_pass));
  EXPECT_FALSE(verify_password(Secret("pleaseletmeout"), one_pass));
}

class UnreadableHash : public testing::TestWithParam<std::string> {};

TEST_P(UnreadableHash, IsReportedAsCorrupt) {
  try {
    verify_password(Secret("hunter2"), GetParam());
    FAIL() << "it was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.what();
    EXPECT_STREQ(error.what(), "a stored password hash is not readable");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, UnreadableHash,
    testing::Values("", "hunter2", "$", "$scrypt$", "$2y$10$abcdefghijklmnopqrstuv", "$scrypt$ln=15,r=8,p=1",
                    "$scrypt$ln=15,r=8,p=1$", "$scrypt$ln=15,r=8,p=1$c2FsdA==", "$scrypt$ln=15,r=8,p=1$c2FsdA==$",
                    "$scrypt$ln=15,r=8,p=1$$" + kHash16, "$scrypt$ln=15,r=8,p=1$c2FsdA$" + kHash16,
                    "$scrypt$ln=15,r=8,p=1$c2FsdA==$" + kHash16 + "\n",
                    "$scrypt$ln=15,r=8,p=1$c2FsdA==$" + kHash16 + "$",
                    "$scrypt$ln=15,r=8,p=1$c2FsdA==$" + base64_encode("too short"),
                    "$scrypt$ln=15,r=8,p=1$c2FsdA==$" + base64_encode(std::string(65, 'h')),
                    "$scrypt$r=8,ln=15,p=1$c2FsdA==$" + kHash16, "$scrypt$ln=,r=8,p=1$c2FsdA==$" + kHash16,
                    "$scrypt$ln=-1,r=8,p=1$c2FsdA==$" + kHash16, "$scrypt$ln=0,r=8,p=1$c2FsdA==$" + kHash16,
                    "$scrypt$ln=15,r=0,p=1$c2FsdA==$" + kHash16, "$scrypt$ln=15,r=8,p=0$c2FsdA==$" + kHash16,
                    "$scrypt$ln=15,r=8,p=17$c2FsdA==$" + kHash16,
                    "$scrypt$ln=99999999999999999999,r=8,p=1$c2FsdA==$" + kHash16));
INSTANTIATE_TEST_SUITE_P(AsksForTooMuchMemory, UnreadableHash,
                         testing::Values("$scrypt$ln=20,r=8,p=1$c2FsdA==$" + kHash16,
                                         "$scrypt$ln=19,r=8,p=1$c2FsdA==$" + kHash16,
                                         "$scrypt$ln=30,r=1024,p=16$c2FsdA==$" + kHash16,
                                         "$scrypt$ln=63,r=8,p=1$c2FsdA==$" + kHash16));
INSTANTIATE_TEST_SUITE_P(AsksForMoreRoundsThanScryptHas, UnreadableHash,
                         testing::Values("$scrypt$ln=16,r=1,p=1$c2FsdA==$" + kHash16));

TEST(PasswordHash, TakesTheLargestCostThatIsAllowed) {
  EXPECT_FALSE(verify_password(Secret("hunter2"), "$scrypt$ln=11,r=1024,p=1$c2FsdA==$" + kHash16));
}

}  // namespace
}  // namespace osbackup::crypto
