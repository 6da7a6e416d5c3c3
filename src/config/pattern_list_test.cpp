#include "config/pattern_list.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"

namespace osbackup::config {
namespace {

/// Reads the keys `k` of `lines`, which begin in line 2.
std::vector<PathPattern> read(const std::string& lines) {
  const IniDocument document("[S]\n" + lines, "/etc/x.conf");
  Section section(document, "S");
  return read_patterns(section, "k");
}

/// Which of the paths the patterns match.
std::vector<std::string> matched(const std::string& lines, const std::vector<std::string>& paths) {
  const PathPatterns patterns(read(lines));
  std::vector<std::string> found;
  for (const std::string& path : paths)
    if (patterns.matches(path, false)) found.push_back(path);
  return found;
}

std::string problem_of(const std::string& lines) {
  try {
    read(lines);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "none";
}

using testing::ElementsAre;

TEST(PatternList, IsEmptyWithoutTheKey) { EXPECT_TRUE(read("j = *").empty()); }

TEST(PatternList, HasThePatternsOfEveryLine) {
  EXPECT_THAT(matched("k = *.tmp , /a b\nj = *\nk=c", {"x.tmp", "a b", "c", "d", "a"}),
              ElementsAre("x.tmp", "a b", "c"));
}

TEST(PatternList, TakesACommaInDoubleQuotesOrBehindABackslash) {
  const std::vector<std::string> paths = {"a,b", "a", "b", "c", "d,e", "\\"};
  EXPECT_THAT(matched("k = \"a,b\", c", paths), ElementsAre("a,b", "c"));
  EXPECT_THAT(matched("k = \"a,b\"", paths), ElementsAre("a,b"));
  EXPECT_THAT(matched("k = \"a,b\",\"d,e\"", paths), ElementsAre("a,b", "d,e"));
  EXPECT_THAT(matched("k = a\\,b, c", paths), ElementsAre("a,b", "c"));
  EXPECT_THAT(matched("k = \\\\, c", paths), ElementsAre("c", "\\")) << "the backslash protects the other one";
}

TEST(PatternList, TakesCommentSignsInDoubleQuotes) {
  EXPECT_THAT(matched("k = \"#*#\", c ; note", {"#x#", "c", "note"}), ElementsAre("#x#", "c"));
}

TEST(PatternList, RefusesEmptyPatternsAndQuotesInside) {
  for (const std::string text : {"a,", ",a", "a,,b"})
    EXPECT_EQ(problem_of("k = " + text),
              "/etc/x.conf:2: k = " + text + ": expected patterns separated by single commas");
  for (const std::string text : {"a\"b\"", "\"a\"b", "\"a\"\"b\"", "a\\\"b\\\""})
    EXPECT_EQ(problem_of("k = " + text),
              "/etc/x.conf:2: k = " + text +
                  ": expected double quotes around a whole pattern only (? stands for a quote inside one)");
  EXPECT_EQ(problem_of("k = a\nk = ; note"), "/etc/x.conf:3: k has no value; give one or remove the line");
  EXPECT_EQ(problem_of("k = a, \"\""),
            "/etc/x.conf:2: k: the pattern : expected a name or a path, such as *.tmp or /var/cache");
}

TEST(PatternList, NamesTheLineAndThePatternThatIsWrong) {
  EXPECT_EQ(problem_of("k = a\nk = b, x/**y, c"),
            "/etc/x.conf:3: k: the pattern x/**y: expected ** alone between slashes, such as /var/**/*.log");
}

TEST(PatternList, HasAtMostAThousandPatterns) {
  std::string lines = "k = a";
  for (int i = 1; i < 1000; ++i) lines += ",a";
  EXPECT_EQ(read(lines).size(), 1000U);
  EXPECT_EQ(problem_of(lines + "\nk = b"), "/etc/x.conf:3: k: expected at most 1000 patterns");
}

}  // namespace
}  // namespace osbackup::config
