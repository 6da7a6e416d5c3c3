#include "core/name_pattern.hpp"

#include <fnmatch.h>
#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <random>

#include "core/error.hpp"

namespace osbackup {
namespace {

bool matches(std::string_view pattern, std::string_view name) { return NamePattern(pattern).matches(name); }

std::string problem_of(std::string_view pattern) {
  try {
    const NamePattern parsed(pattern);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "none";
}

TEST(NamePattern, MatchesTheWholeName) {
  EXPECT_TRUE(matches("core", "core"));
  EXPECT_FALSE(matches("core", "core2"));
  EXPECT_FALSE(matches("core", "score"));
  EXPECT_FALSE(matches("core", "Core"));
}

TEST(NamePattern, TakesAnyBytesForAStar) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", ".hidden"));
  EXPECT_TRUE(matches("*.tmp", ".tmp"));
  EXPECT_TRUE(matches("*.tmp", "a.tmp.tmp"));
  EXPECT_FALSE(matches("*.tmp", "a.tmp.gz"));
  EXPECT_TRUE(matches("a*b*c", "aXbbXbc"));
  EXPECT_FALSE(matches("a*b*c", "aXcXb"));
  EXPECT_TRUE(matches("*\xff*", "a\xff\n"));
}

TEST(NamePattern, TakesOneByteForAQuestionMark) {
  EXPECT_TRUE(matches("a?c", "a\nc"));
  EXPECT_FALSE(matches("a?c", "ac"));
  EXPECT_TRUE(matches("??", "\xc3\xb6")) << "a letter of two bytes";
}

TEST(NamePattern, TakesOneByteOfAClass) {
  EXPECT_TRUE(matches("[a-cx]", "b"));
  EXPECT_TRUE(matches("[a-cx]", "x"));
  EXPECT_FALSE(matches("[a-cx]", "d"));
  EXPECT_TRUE(matches("[!a-c]", "d"));
  EXPECT_TRUE(matches("[^a-c]", "d"));
  EXPECT_FALSE(matches("[!a-c]", "b"));
  EXPECT_TRUE(matches("[]a]", "]"));
  EXPECT_TRUE(matches("[!]a]", "b"));
  EXPECT_FALSE(matches("[!]a]", "]"));
  EXPECT_TRUE(matches("[a-]", "-"));
  EXPECT_TRUE(matches("[-a]", "-"));
  EXPECT_TRUE(matches("[*?]", "?"));
  EXPECT_TRUE(matches("[\\]\\-x]", "]"));
  EXPECT_TRUE(matches("[\x80-\xff]", "\xc3"));
}

TEST(NamePattern, TakesWhatABackslashProtectsAsItIs) {
  EXPECT_TRUE(matches("\\*\\?\\[\\\\\\a\\,", "*?[\\a,"));
  EXPECT_FALSE(matches("\\*", "a"));
}

TEST(NamePattern, RefusesWhatIsNoPattern) {
  EXPECT_EQ(problem_of("a\\"), "expected a character after the backslash at the end");
  for (const char* open : {"[", "[a", "[a-", "[]", "[!", "[!]", "[a\\", "[a\\]"})
    EXPECT_EQ(problem_of(open), "expected a ] that closes the [ (or \\[ for the character itself)") << open;
  EXPECT_EQ(problem_of("[z-a]"), "expected a range such as a-z that begins with the smaller character");
  EXPECT_EQ(problem_of("[[:alpha:]]"),
            "expected single characters and ranges between [ and ] (\\[ for the character itself)");
}

TEST(NamePattern, AgreesWithTheCLibrary) {
  constexpr std::string_view kAlphabet = "aab*?[]!-\\";
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto text = [&](std::string_view alphabet, std::size_t bytes_max) {
    std::string out(random() % (bytes_max + 1), ' ');
    for (char& c : out) c = alphabet[random() % alphabet.size()];
    return out;
  };
  std::size_t compared = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string pattern = text(kAlphabet, 8);
    std::optional<NamePattern> parsed;
    try {
      parsed.emplace(pattern);
    } catch (const Error&) {
      continue;
    }
    const std::string name = text("aab-]", 6);
    ASSERT_EQ(parsed->matches(name), fnmatch(pattern.c_str(), name.c_str(), 0) == 0) << pattern << " and " << name;
    ++compared;
  }
  EXPECT_GT(compared, 10'000U);
}

TEST(NamePattern, DoesNotTakeForeverOverAHostilePattern) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  const NamePattern hostile(pattern + "b");
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_FALSE(hostile.matches(std::string(255, 'a')));

  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

}  // namespace
}  // namespace osbackup
