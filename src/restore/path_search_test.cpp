#include "restore/path_search.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "core/time_format.hpp"
#include "support/fails_with.hpp"

namespace osbackup::restore {
namespace {

using test::fails_with;
using testing::ElementsAre;
using testing::IsEmpty;

archive::Entry entry_of(const std::string& path, archive::EntryType type = archive::EntryType::File) {
  archive::Entry entry;
  entry.path = path;
  entry.type = type;
  return entry;
}

/// Of these, the ones that a pattern matches.
std::vector<std::string> found(const std::string& pattern, const std::vector<std::string>& paths) {
  PathSearch search({.pattern = pattern, .newer = {}, .older = {}});
  std::vector<std::string> matching;
  for (const std::string& path : paths)
    if (search.matches(entry_of(path))) matching.push_back(path);
  return matching;
}

std::string listed_for(const std::string& pattern) {
  const ListingOrder listing = PathSearch({.pattern = pattern, .newer = {}, .older = {}}).listing();
  return listing.path + (listing.with_below ? " and below" : "");
}

TEST(PathSearch, FindsNamesAtAnyDepthAndNotWhatLiesBelow) {
  EXPECT_THAT(found("ssh", {".", "etc", "etc/ssh", "etc/ssh/a", "ssh", "etc/sshd"}), ElementsAre("etc/ssh", "ssh"));
  EXPECT_THAT(found("*.conf", {"a.conf", "a.conf/b", "etc/x/b.conf"}), ElementsAre("a.conf", "etc/x/b.conf"));
  EXPECT_THAT(found("*", {"."}), IsEmpty());
}

TEST(PathSearch, FindsPathsFromTheRootOn) {
  EXPECT_THAT(found("/etc/*/a", {"etc/a", "etc/x/a", "etc/y/a", "etc/x/y/a", "srv/etc/x/a"}),
              ElementsAre("etc/x/a", "etc/y/a"));
  EXPECT_THAT(found("/etc/passwd", {"etc/passwd", "etc/passwd-", "srv/etc/passwd"}), ElementsAre("etc/passwd"));
}

TEST(PathSearch, FindsDirectoriesAloneByASlashAtTheEnd) {
  PathSearch search({.pattern = "ssh/", .newer = {}, .older = {}});

  EXPECT_FALSE(search.matches(entry_of("etc/ssh")));
  EXPECT_TRUE(search.matches(entry_of("etc/ssh", archive::EntryType::Directory)));
}

TEST(PathSearch, ListsNoMoreThanItMust) {
  EXPECT_EQ(listed_for("passwd"), ". and below");
  EXPECT_EQ(listed_for("etc/passwd"), ". and below");
  EXPECT_EQ(listed_for("/etc/passwd"), "etc/passwd");
  EXPECT_EQ(listed_for("//etc//ssh/"), "etc/ssh");
  EXPECT_EQ(listed_for("/etc/ssh/*.pub"), "etc/ssh and below");
  EXPECT_EQ(listed_for("/etc/s*/a"), "etc and below");
  EXPECT_EQ(listed_for("/et?"), ". and below");
  EXPECT_EQ(listed_for("/etc/a\\*"), "etc and below");
}

TEST(PathSearch, FindsWhatWasModifiedInATime) {
  PathSearch search({.pattern = "a",
                     .newer = parse_rfc3339("2026-01-01T00:00:00.5Z"),
                     .older = parse_rfc3339("2026-02-01T00:00:00Z")});
  const auto matches = [&](std::time_t seconds, std::int64_t nanoseconds) {
    archive::Entry entry = entry_of("a");
    entry.mtime = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    return search.matches(entry);
  };

  EXPECT_FALSE(matches(1'767'225'600, 499'999'999));
  EXPECT_TRUE(matches(1'767'225'600, 500'000'000));
  EXPECT_TRUE(matches(1'769'903'999, 999'999'999));
  EXPECT_FALSE(matches(1'769'904'000, 0));
  EXPECT_FALSE(matches(-9'000'000'000'000, 0));
}

TEST(PathSearch, RefusesWhatIsNoPattern) {
  EXPECT_THAT([] { found("[a", {}); }, fails_with(ErrorKind::Usage, "the pattern [a"));
}

}  // namespace
}  // namespace osbackup::restore
