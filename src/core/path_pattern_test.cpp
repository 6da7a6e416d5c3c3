#include "core/path_pattern.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "support/project_file.hpp"

namespace osbackup {
namespace {

PathPatterns patterns(const std::vector<std::string>& texts) {
  return PathPatterns(std::vector<PathPattern>(texts.begin(), texts.end()));
}

bool file_matches(const std::string& pattern, const std::string& path) {
  return patterns({pattern}).matches(path, false);
}

bool directory_matches(const std::string& pattern, const std::string& path) {
  return patterns({pattern}).matches(path, true);
}

std::string problem_of(const std::string& pattern) {
  try {
    const PathPattern parsed(pattern);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "none";
}

TEST(PathPattern, BeginsAtAnyDepthWithoutASlash) {
  EXPECT_TRUE(file_matches("*.tmp", "x.tmp"));
  EXPECT_TRUE(file_matches("*.tmp", "var/a/x.tmp"));
  EXPECT_TRUE(file_matches(".cache/thumbnails", "home/a/.cache/thumbnails"));
  EXPECT_FALSE(file_matches(".cache/thumbnails", "home/a/.cache/b/thumbnails"));
  EXPECT_FALSE(file_matches("modules", "node_modules")) << "whole names only";
  EXPECT_TRUE(file_matches("a/b", "a/a/b"));
  EXPECT_TRUE(file_matches("a/a/b", "a/a/a/b")) << "the first start was not the right one";
}

TEST(PathPattern, BeginsAtTheRootWithASlash) {
  EXPECT_TRUE(file_matches("/tmp", "tmp"));
  EXPECT_FALSE(file_matches("/tmp", "var/tmp"));
  EXPECT_TRUE(file_matches("/home/*/.cache", "home/a/.cache"));
  EXPECT_FALSE(file_matches("/home/*/.cache", "home/a/b/.cache"));
  EXPECT_TRUE(file_matches("//home///x", "home/x"));
  EXPECT_TRUE(file_matches("/home/x", "/home/x"));
}

TEST(PathPattern, HoldsForEverythingBelowADirectory) {
  EXPECT_TRUE(file_matches("node_modules", "home/node_modules/a/b"));
  EXPECT_TRUE(file_matches("/home/*/.cache", "home/a/.cache/x"));
  EXPECT_FALSE(file_matches("/home/*/.cache", "home/a"));
}

TEST(PathPattern, TakesAnyNumberOfNamesForTwoStars) {
  EXPECT_TRUE(file_matches("/var/**/x.log", "var/x.log"));
  EXPECT_TRUE(file_matches("/var/**/x.log", "var/a/b/x.log"));
  EXPECT_FALSE(file_matches("/var/**/x.log", "srv/a/x.log"));
  EXPECT_TRUE(file_matches("/a/**/b/**/c", "a/b/b/x/c"));
  EXPECT_FALSE(file_matches("/a/**/b/**/c", "a/c/x/b"));
  EXPECT_TRUE(file_matches("**", "a"));
  EXPECT_TRUE(file_matches("/**/**/a", "a"));
}

TEST(PathPattern, KeepsTheDirectoryThatEndsInTwoStars) {
  EXPECT_FALSE(directory_matches("/var/cache/**", "var/cache"));
  EXPECT_TRUE(directory_matches("/var/cache/**", "var/cache/a"));
  EXPECT_TRUE(file_matches("/var/cache/**", "var/cache/a/b"));
}

TEST(PathPattern, MeansDirectoriesOnlyWithASlashAtItsEnd) {
  EXPECT_FALSE(file_matches("cache/", "a/cache"));
  EXPECT_TRUE(directory_matches("cache/", "a/cache"));
  EXPECT_TRUE(file_matches("cache/", "a/cache/x")) << "what lies in one";
  EXPECT_FALSE(file_matches("/srv/**/", "srv/x"));
  EXPECT_TRUE(directory_matches("/srv/**/", "srv/x"));
}

TEST(PathPattern, TakesBytesThatAreNoText) { EXPECT_TRUE(file_matches("/d/\xff*", "d/\xff\n\x80")); }

TEST(PathPattern, RefusesWhatIsNoPattern) {
  EXPECT_EQ(problem_of(""), "the pattern : expected a name or a path, such as *.tmp or /var/cache");
  EXPECT_EQ(problem_of("//"), "the pattern //: expected a name or a path, such as *.tmp or /var/cache");
  EXPECT_EQ(problem_of("/a/../b"), "the pattern /a/../b: expected names other than . and ..");
  EXPECT_EQ(problem_of("./a"), "the pattern ./a: expected names other than . and ..");
  EXPECT_EQ(problem_of("/var/**.log"),
            "the pattern /var/**.log: expected ** alone between slashes, such as /var/**/*.log");
  EXPECT_EQ(problem_of("a[b/c]"),
            "the pattern a[b/c]: expected a ] that closes the [ (or \\[ for the character itself)");
  EXPECT_EQ(problem_of("a\\/b"), "the pattern a\\/b: expected a character after the backslash at the end");
  EXPECT_EQ(problem_of(std::string(4096, 'a')), "none");
  EXPECT_EQ(problem_of(std::string(4097, 'a')),
            "the pattern " + std::string(200, 'a') + "...: expected at most 4096 bytes");
}

TEST(PathPatterns, AskAllOfThem) {
  const PathPatterns several = patterns({"/a/b", "*.tmp", "cache/"});
  EXPECT_TRUE(several.matches("a/b", false));
  EXPECT_TRUE(several.matches("x/y.tmp", false));
  EXPECT_TRUE(several.matches("x/cache", true));
  EXPECT_FALSE(several.matches("x/cache", false));
  EXPECT_FALSE(PathPatterns().matches("a", false));
  EXPECT_TRUE(PathPatterns().empty());
}

TEST(PathPatterns, TellOnTheWayDownWhatMatches) {
  const PathPatterns several = patterns({"/home/*/x", "cache/"});
  const PathPatterns::Place home = several.below(several.root(), "home");
  const PathPatterns::Place user = several.below(home, "a");

  EXPECT_EQ(several.match(several.root(), "x"), PatternMatch::None);
  EXPECT_EQ(several.match(home, "x"), PatternMatch::None);
  EXPECT_EQ(several.match(user, "x"), PatternMatch::Any);
  EXPECT_EQ(several.match(user, "cache"), PatternMatch::Directory);
  EXPECT_EQ(several.match(several.below(user, "b"), "x"), PatternMatch::None);
}

TEST(PathPatterns, MayBeginInADirectoryThatIsNotAsked) {
  const PathPatterns patterns({PathPattern("a"), PathPattern("/a/b/*.tmp")});
  const PathPatterns::Place below = patterns.below(patterns.root(), "a");

  EXPECT_TRUE(patterns.matches("a/x", false));
  EXPECT_FALSE(patterns.matches_below(below, "x", false));
  EXPECT_TRUE(patterns.matches_below(below, "x/a/y", false));
  EXPECT_TRUE(patterns.matches_below(below, "b/x.tmp", false));
}

TEST(PathPatterns, StandTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/path_pattern");
  EXPECT_GE(corpus.size(), 5U);
  for (const std::string& text : corpus) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    try {
      const PathPatterns one = patterns({text.substr(0, end)});
      const std::string path = text.substr(std::min(end + 1, text.size()));
      EXPECT_TRUE(!one.matches(path, true) || one.matches(path + "/x", false)) << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
    }
  }
}

}  // namespace
}  // namespace osbackup
