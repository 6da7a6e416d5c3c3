#include "config/ini.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"

namespace osbackup::config {
namespace {

/// The text of the only key `k` of the only section.
std::string value_of(const std::string& line, const std::string& key = "k") {
  const IniDocument document("[S]\n" + line, "f");
  if (document.sections().size() != 1 || document.sections().front().values.size() != 1) return "not one value";
  const IniValue& value = document.sections().front().values.front();
  return value.key == key ? value.text : "another key: " + value.key;
}

std::string problem_of(const std::string& text) {
  try {
    const IniDocument document(text, "/etc/x.conf");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "none";
}

TEST(Ini, KeepsSectionsAndValuesInOrderWithTheirPlaces) {
  const IniDocument document("; head\n\n[A]\nx = 1\n\n[B-2]\ny=2\nx =3", "/etc/x.conf");
  ASSERT_EQ(document.sections().size(), 2U);
  EXPECT_EQ(document.find("A")->where(), "/etc/x.conf:3: [A]");
  const IniSection* second = document.find("B-2");
  ASSERT_EQ(second->values.size(), 2U);
  EXPECT_EQ(second->values[1].key, "x");
  EXPECT_EQ(second->values[1].text, "3");
  EXPECT_EQ(second->values[1].where(), "/etc/x.conf:8");
  EXPECT_EQ(document.find("a"), nullptr);
}

TEST(Ini, CutsCommentsAfterWhiteSpaceOnly) {
  EXPECT_EQ(value_of("k = a ; note"), "a");
  EXPECT_EQ(value_of("k = a\t# note"), "a");
  EXPECT_EQ(value_of("k = a;b#c ; note"), "a;b#c");
  EXPECT_EQ(value_of("k = ; note"), "");
  EXPECT_EQ(value_of("k =; note"), "");
  EXPECT_EQ(value_of("  # whole = line\n ; k = 2\nk = 1"), "1");
}

TEST(Ini, KeepsCommentSignsInsideDoubleQuotes) {
  EXPECT_EQ(value_of("k = \"a ; b # c\" ; note"), "a ; b # c");
  EXPECT_EQ(value_of("k = \"  a  \""), "  a  ");
  EXPECT_EQ(value_of("k = \"\""), "");
  EXPECT_EQ(value_of("k = a \"b ; c\" d"), "a \"b ; c\" d");
  EXPECT_EQ(value_of("k = \"a\" \"b\""), "\"a\" \"b\"");
}

TEST(Ini, RefusesAnOpenDoubleQuote) {
  EXPECT_EQ(problem_of("[S]\nk = \"a ; note"), "/etc/x.conf:2: k: expected a second double quote to close the first");
  EXPECT_EQ(problem_of("[S]\nk = a ; he said \"no"), "none");
}

TEST(Ini, TakesPasswordsLiterally) {
  for (const std::string key : {"pass", "password"}) {
    EXPECT_EQ(value_of(key + " = a;b # c \"d ; e", key), "a;b # c \"d ; e");
    EXPECT_EQ(value_of(key + " = \"quoted\"", key), "\"quoted\"");
    EXPECT_EQ(value_of(key + " = ; # all of it", key), "; # all of it");
    EXPECT_EQ(value_of(key + " == =", key), "= =");
    EXPECT_EQ(value_of(key + " = \\n\\x41%41", key), "\\n\\x41%41");
  }
}

TEST(Ini, TrimsThePasswordsEnds) { EXPECT_EQ(value_of("password = \t a b \t \r\n", "password"), "a b"); }

TEST(Ini, TreatsSimilarKeysAsOrdinaryOnes) {
  EXPECT_EQ(value_of("Password = a ; b", "Password"), "a");
  EXPECT_EQ(value_of("passwords = a ; b", "passwords"), "a");
}

TEST(Ini, ReadsWindowsLineEndsAndAByteOrderMark) {
  const IniDocument document("\xEF\xBB\xBF[S] ; note\r\nk = v \r\n\r\n; c\r\n", "f");
  EXPECT_EQ(document.find("S")->values.at(0).text, "v");
}

TEST(Ini, ReadsAnEmptyText) {
  EXPECT_TRUE(IniDocument("", "f").sections().empty());
  EXPECT_TRUE(IniDocument("\n\n", "f").sections().empty());
  EXPECT_TRUE(IniDocument("\xEF\xBB\xBF", "f").sections().empty());
}

TEST(Ini, ReadsLinesOf64KiBAndNoLongerOnes) {
  const std::string start = "k = ";
  EXPECT_EQ(value_of(start + std::string(65536 - start.size(), 'x')).size(), 65536 - start.size());
  EXPECT_EQ(problem_of("[S]\n" + start + std::string(65537 - start.size(), 'x')),
            "/etc/x.conf:2: the line is longer than 65536 bytes");
  EXPECT_EQ(problem_of(";" + std::string(65536, 'x')), "/etc/x.conf:1: the line is longer than 65536 bytes");
}

TEST(Ini, ReadsAHundredThousandLinesAndNoMore) {
  EXPECT_EQ(problem_of(std::string(100'000, '\n')), "none");
  EXPECT_EQ(problem_of(std::string(100'001, '\n')), "/etc/x.conf:100001: more than 100000 lines");
}

TEST(Ini, RefusesZeroBytes) {
  EXPECT_EQ(problem_of(std::string("[S]\npassword = a\0b\n", 19)), "/etc/x.conf:2: the line has a zero byte");
  EXPECT_EQ(problem_of(std::string("; \0", 3)), "/etc/x.conf:1: the line has a zero byte");
}

TEST(Ini, RefusesLinesThatAreNeitherSectionNorValue) {
  const std::string expected =
      "/etc/x.conf:2: expected a line such as key = value, or a comment that begins with ; or #";
  for (const std::string line : {"secret-word", "= v", "two words = v", "k: v", "k\xC3\xB6 = v", "\"k\" = v", "k;=v"})
    EXPECT_EQ(problem_of("[S]\n" + line), expected) << line;
}

TEST(Ini, RefusesSectionsThatAreNotAloneOnTheirLine) {
  for (const std::string line :
       {"[", "[]", "[ ]", "[S", "[S]x", "[S] k = v", "[S]; note", "[a b]", "[[S]]", "[\xC3\xB6]"})
    EXPECT_EQ(problem_of(line), "/etc/x.conf:1: expected a section such as [Ftp], alone on its line") << line;
  EXPECT_EQ(problem_of("[ S ] ; note"), "none");
}

TEST(Ini, RefusesASectionThatStandsThereTwice) {
  EXPECT_EQ(problem_of("[S]\n[T]\n[S]\n"), "/etc/x.conf:3: [S] stands in line 1 already");
}

TEST(Ini, RefusesAValueBeforeTheFirstSection) {
  EXPECT_EQ(problem_of("\nhost = x"), "/etc/x.conf:2: host stands before the first section such as [Ftp]");
}

}  // namespace
}  // namespace osbackup::config
