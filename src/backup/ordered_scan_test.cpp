#include "backup/ordered_scan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "archive/index_path.hpp"
#include "backup/object_opener.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class OrderedScanTest : public testing::Test {
 protected:
  fs::path at(const std::string& name) const { return root_ / name; }
  std::string in_index(const std::string& name) const { return relative_path(at(name)); }
  void file(const std::string& name) const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name)) << "content";
  }
  void link(const std::string& name, const std::string& target) const {
    fs::create_directories(at(name).parent_path());
    fs::create_directory_symlink(target, at(name));
  }
  std::string relative(const std::string& path) const { return path.substr(in_index("x").size() - 1); }

  OrderedScan scan(const std::vector<std::string>& directories) {
    std::vector<std::string> paths;
    paths.reserve(directories.size());
    for (const std::string& directory : directories) paths.push_back(at(directory));
    return {paths, rules_, warnings_};
  }
  std::vector<std::string> paths(const std::vector<std::string>& directories) {
    OrderedScan ordered = scan(directories);
    std::vector<std::string> found;
    while (const auto object = ordered.next()) found.push_back(relative(object->path));
    return found;
  }

  test::TemporaryFolder folder_;
  fs::path root_ = fs::canonical(folder_.path());
  SelectionRules rules_;
  std::vector<Warning> heard_;
  WarningLog warnings_{[this](const Warning& warning) { heard_.push_back(warning); }};
};

TEST_F(OrderedScanTest, WalksOneDirectoryAfterTheOther) {
  file("a/b/x");
  file("a-b/x");
  file("c/x");

  EXPECT_THAT(paths({"c", "a-b", "a"}), ElementsAre("a", "a/b", "a/b/x", "a-b", "a-b/x", "c", "c/x"));
}

TEST_F(OrderedScanTest, GivesALinkAndTheTreeItLeadsToEachInItsPlace) {
  file("b/x");
  file("d/x");
  link("a", "d");
  link("e", "b");

  EXPECT_THAT(paths({"a", "e"}), ElementsAre("a", "b", "b/x", "d", "d/x", "e"));
}

TEST_F(OrderedScanTest, GivesOnceWhatTwoDirectoriesLeadTo) {
  file("etc/foo/x");
  file("etc/z");
  link("etc/self", ".");
  link("srv/link", "../etc/foo");

  EXPECT_THAT(paths({"etc", "srv/link"}), ElementsAre("etc", "etc/foo", "etc/foo/x", "etc/self", "etc/z", "srv/link"));
  EXPECT_THAT(paths({"etc/self"}), ElementsAre("etc", "etc/foo", "etc/foo/x", "etc/self", "etc/z"));
}

TEST_F(OrderedScanTest, GivesOnlyWhatIsWantedAndNotTheWayToIt) {
  file("a/b/x");
  file("a/c");
  file("d/x");
  link("e", "a/b");
  rules_.only = {in_index("a/b")};

  EXPECT_THAT(paths({"a", "d", "e"}), ElementsAre("a/b", "a/b/x"));
  EXPECT_THAT(paths({"e"}), ElementsAre("a/b", "a/b/x"));
}

TEST_F(OrderedScanTest, PassesOverADirectoryThatIsNotThere) {
  file("b/x");

  EXPECT_THAT(paths({"a", "b"}), ElementsAre("b", "b/x"));
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(OrderedScanTest, WarnsOfADirectoryThatIsNone) {
  file("a");
  file("b/x");
  link("c", "nowhere");

  EXPECT_THAT(paths({"a", "b", "c"}), ElementsAre("b", "b/x"));
  ASSERT_EQ(heard_.size(), 2U);
  EXPECT_EQ(heard_[0].kind, WarningKind::Missing);
  EXPECT_EQ(heard_[0].path, at("a"));
  EXPECT_EQ(heard_[1].path, at("c"));
}

TEST_F(OrderedScanTest, KnowsWhatTheRulesExclude) {
  file("a/x");
  link("l", "a");
  rules_.exclude = PathPatterns({PathPattern("*.tmp"), PathPattern("a"), PathPattern("d/")});
  const OrderedScan ordered = scan({"a", "b"});
  const auto is_excluded = [&](const std::string& path, bool is_directory) {
    return ordered.is_excluded(in_index(path), is_directory);
  };

  EXPECT_FALSE(is_excluded("a", true)) << "a configured directory never is";
  EXPECT_FALSE(is_excluded("a/x", false));
  EXPECT_TRUE(is_excluded("a/x.tmp", false));
  EXPECT_TRUE(is_excluded("a/x.tmp/y", false));
  EXPECT_TRUE(is_excluded("a/d", true));
  EXPECT_FALSE(is_excluded("a/d", false));
  EXPECT_TRUE(is_excluded("b/x.tmp", false)) << "although it is not there";
  EXPECT_FALSE(is_excluded("c/x.tmp", false)) << "lies in none of them";
  EXPECT_TRUE(scan({"l"}).is_excluded(in_index("a/x.tmp"), false));
}

TEST_F(OrderedScanTest, IsInOrderWhereverRandomLinksLead) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    const auto name = [&] { return std::string(1, static_cast<char>('a' + random() % 8)); };
    const std::string trial = std::to_string(seed);
    for (int i = 0; i < 12; ++i) file(trial + "/" + name() + "/" + name() + "/x");
    std::vector<std::string> directories;
    for (int i = 0; i < 4; ++i) {
      const std::string at_link = trial + "/" + name() + "/link" + std::to_string(i);
      link(at_link, "../" + name() + (random() % 2 == 0 ? "" : "/" + name()));
      directories.push_back(at_link);
      directories.push_back(trial + "/" + name() + "/" + name());
    }
    const std::vector<std::string> found = paths(directories);

    for (std::size_t i = 1; i < found.size(); ++i)
      ASSERT_TRUE(archive::comes_before(found[i - 1], found[i])) << "seed " << seed << ": " << found[i];
    std::vector<std::string> expected;
    for (const std::string& directory : directories) {
      std::error_code problem;
      const fs::path real = fs::canonical(at(directory), problem);
      if (problem) continue;
      if (fs::is_symlink(at(directory))) expected.push_back(directory);
      expected.push_back(relative(relative_path(real)));
      for (const auto& below : fs::recursive_directory_iterator(real))
        expected.push_back(relative(relative_path(below.path())));
    }
    std::sort(expected.begin(), expected.end(), archive::comes_before);
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    ASSERT_EQ(found, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace osbackup::backup
