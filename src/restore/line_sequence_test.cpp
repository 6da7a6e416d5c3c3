#include "restore/line_sequence.hpp"

#include <gmock/gmock.h>

#include <array>

namespace osbackup::restore {
namespace {

using archive::EntryType;
using archive::IndexEntry;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// Lines of two directories, `/etc` and `/srv`, of 1,000 bytes each, in members of 100.
class LineSequenceTest : public testing::Test {
 protected:
  LineSequenceTest() {
    for (const char* path : {"/etc", "/srv"}) {
      archive::ManifestDirectory& directory = manifest_.directories.emplace_back();
      directory.path = path;
      directory.entry = std::string(path + 1) + ".tar.gz";
      directory.place.length = 1'000;
    }
  }

  /// The next line, in a member of its own, which the manifest counts.
  IndexEntry& add(const std::string& path, EntryType type = EntryType::File) {
    IndexEntry& line = lines_.emplace_back();
    line.entry.path = path;
    line.entry.type = type;
    line.entry.size = 10;
    if (type == EntryType::Hardlink) line.entry.target = "etc/a";
    if (type == EntryType::File || type == EntryType::Hardlink) line.digest = crypto::Sha256Digest{};
    const bool is_etc = path.starts_with("etc");
    archive::ManifestDirectory& directory = manifest_.directories[is_etc ? 0 : 1];
    std::uint64_t& end = ends_[is_etc ? 0 : 1];
    line.placement = {.directory = is_etc ? 0U : 1U, .member = end, .skip = 0, .span = 100};
    end += 100;
    directory.place.length = end + 60;
    if (type == EntryType::File) {
      ++directory.files;
      directory.content_bytes += 10;
    } else {
      ++(type == EntryType::Directory ? directory.directories : directory.others);
    }
    return line;
  }
  static constexpr int kGap = -1;
  /// What is found, as `path: problem`. At `gap` lines are missing.
  std::vector<std::string> findings(int gap = kGap) {
    std::vector<std::string> found;
    FindingLog log([&](const Finding& finding) { found.push_back(finding.path + ": " + finding.problem); });
    LineSequence sequence(manifest_, log);
    for (int i = 0; i < static_cast<int>(lines_.size()); ++i) {
      if (i == gap)
        sequence.skip();
      else
        sequence.add(lines_[static_cast<std::size_t>(i)]);
    }
    sequence.finish();
    return found;
  }

  archive::Manifest manifest_;
  std::vector<IndexEntry> lines_;

 private:
  std::array<std::uint64_t, 2> ends_{};
};

TEST_F(LineSequenceTest, IsGoodWhenAllAgrees) {
  add("etc", EntryType::Directory);
  add("etc/a");
  add("etc/b", EntryType::Hardlink);
  add("etc/c", EntryType::Fifo);
  add("srv", EntryType::Directory);

  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(LineSequenceTest, FindsPathsThatAreNotInOrder) {
  add("etc", EntryType::Directory);
  add("etc/b");
  add("etc/a");

  EXPECT_THAT(findings(), ElementsAre(HasSubstr("etc/a: in the order of the archive it does not come behind etc/b")));
}

TEST_F(LineSequenceTest, FindsAnOrderThatBeginsAnewWithoutALink) {
  add("etc", EntryType::Directory);
  add("srv", EntryType::Directory);
  manifest_.directories[0].path = "/t";
  lines_[0].entry.path = "t";

  EXPECT_THAT(findings(), ElementsAre(HasSubstr("srv: in the order of the archive it does not come behind t")));
}

/// The lines of `/m`, which is a link to `/d`, and of `/n`.
class LineSequenceOfALink : public LineSequenceTest {
 protected:
  void add_to(std::size_t directory, const std::string& path, EntryType type) {
    IndexEntry& line = lines_.emplace_back();
    line.entry.path = path;
    line.entry.type = type;
    archive::ManifestDirectory& tar = manifest_.directories[directory];
    line.placement = {.directory = directory, .member = tar.place.length, .skip = 0, .span = 100};
    tar.place.length += 100;
    ++(type == EntryType::Directory ? tar.directories : tar.others);
  }
  void SetUp() override {
    manifest_.directories[0] = {.path = "/m", .entry = "m.tar.gz", .place = {}};
    manifest_.directories[1] = {.path = "/n", .entry = "n.tar.gz", .place = {}};
  }
};

TEST_F(LineSequenceOfALink, MayBeginAnewBehindWhatItLeadsToAndTheLink) {
  add_to(0, "d", EntryType::Directory);
  add_to(0, "m", EntryType::Symlink);
  add_to(0, "d/a", EntryType::Fifo);
  add_to(1, "n", EntryType::Directory);

  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(LineSequenceOfALink, MayBeginAnewBehindTheTreeThatItLeadsTo) {
  add_to(0, "m", EntryType::Symlink);
  add_to(0, "z", EntryType::Directory);
  add_to(0, "z/a", EntryType::Fifo);
  add_to(1, "n", EntryType::Directory);

  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(LineSequenceOfALink, MayNotBeginAnewInsideTheTree) {
  add_to(0, "m", EntryType::Symlink);
  add_to(0, "z", EntryType::Directory);
  add_to(0, "z/b", EntryType::Fifo);
  add_to(0, "z/a", EntryType::Fifo);

  EXPECT_THAT(findings(), ElementsAre(HasSubstr("z/a: in the order of the archive it does not come behind z/b")));
}

TEST_F(LineSequenceTest, FindsWhatContradictsTheLinesBeforeIt) {
  add("etc", EntryType::Directory);
  add("etc/a", EntryType::Symlink);
  add("etc/a/b");
  add("etc/c");
  add("etc/c");

  EXPECT_THAT(findings(), ElementsAre("etc/a/b: etc/a, which it lies below, is no directory",
                                      "etc/c: an entry before it has this path too, and is kept"));
}

TEST_F(LineSequenceTest, FindsMembersThatOverlapOrLeaveAGap) {
  add("etc", EntryType::Directory);
  add("etc/a").placement.member = 99;
  add("etc/b").placement.member = 201;
  add("etc/c").placement.member = 301;

  EXPECT_THAT(
      findings(),
      ElementsAre(HasSubstr("etc/a: it begins 0 bytes into the member at byte 99, and those before it end at 100"),
                  HasSubstr("etc/b: it begins 0 bytes into the member at byte 201, and those before it end at 199")));
}

TEST_F(LineSequenceTest, FindsAnEntryThatDoesNotBeginItsMember) {
  add("etc", EntryType::Directory).placement.skip = 512;

  EXPECT_THAT(findings(), ElementsAre(HasSubstr("etc: it begins 512 bytes into the member at byte 0")));
}

TEST_F(LineSequenceTest, FindsEntriesOfOneMemberThatDisagree) {
  add("etc", EntryType::Directory);
  IndexEntry& line = add("etc/a");
  manifest_.directories[0].place.length = 120;

  line.placement = {.directory = 0, .member = 0, .skip = 512, .span = 100};
  EXPECT_THAT(findings(), IsEmpty());
  line.placement.skip = 0;
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("etc/a: its member is that of etc")));
  line.placement = {.directory = 0, .member = 0, .skip = 512, .span = 101};
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("etc/a: its member is that of etc")));
}

TEST_F(LineSequenceTest, FindsBytesBehindTheLastEntry) {
  add("etc", EntryType::Directory);
  add("srv", EntryType::Directory);
  manifest_.directories[0].place.length = 5'000;

  EXPECT_THAT(findings(), ElementsAre(HasSubstr(": the last 4900 of its 5000 bytes are no entry's")));
}

TEST_F(LineSequenceTest, FindsLinesThatGoBackToADirectory) {
  add("etc", EntryType::Directory);
  add("srv", EntryType::Directory);
  add("srv/a").placement.directory = 0;
  manifest_.directories[1].files = 0;
  manifest_.directories[1].content_bytes = 0;
  manifest_.directories[1].place.length = 160;

  EXPECT_THAT(findings(), ElementsAre(HasSubstr("srv/a: it is said to be in directory 0")));
}

TEST_F(LineSequenceTest, FindsLinksWithoutAFileBeforeThem) {
  add("etc", EntryType::Directory);
  add("etc/0", EntryType::Hardlink);
  add("etc/a");
  add("etc/b", EntryType::Hardlink).entry.size = 11;
  add("etc/c", EntryType::Hardlink).digest = std::nullopt;
  add("etc/d", EntryType::Hardlink);
  add("srv", EntryType::Directory);
  add("srv/e", EntryType::Hardlink);

  const auto none = [](const std::string& path) {
    return HasSubstr(path + ": it links to etc/a, and before it there is none");
  };
  EXPECT_THAT(findings(), ElementsAre(none("etc/0"), none("etc/b"), none("etc/c"), none("srv/e")));
}

TEST_F(LineSequenceTest, FindsLinksToLinksAndToDirectories) {
  add("etc", EntryType::Directory);
  add("etc/a");
  add("etc/b", EntryType::Hardlink);
  add("etc/c", EntryType::Hardlink).entry.target = "etc/b";
  add("etc/d", EntryType::Hardlink).entry.target = "etc";

  EXPECT_THAT(findings(), ElementsAre(HasSubstr("etc/c: it links to etc/b"), HasSubstr("etc/d: it links to etc,")));
}

TEST_F(LineSequenceTest, FindsCountsThatAreNotTheManifests) {
  add("etc", EntryType::Directory);
  add("etc/a");
  archive::ManifestDirectory& directory = manifest_.directories[0];
  directory.files += 1;
  directory.directories += 1;
  directory.others += 1;
  directory.content_bytes += 1;

  EXPECT_THAT(findings(),
              ElementsAre(HasSubstr("it says files 2 for etc.tar.gz, and the index comes to 1"),
                          HasSubstr("directories 2"), HasSubstr("others 1"), HasSubstr("content_bytes 11")));
}

TEST_F(LineSequenceTest, FindsNothingMoreBecauseLinesAreMissing) {
  add("etc", EntryType::Directory);
  add("etc/a");
  add("etc/b", EntryType::Hardlink);
  add("srv", EntryType::Directory);
  add("srv/a");

  for (int gap = 0; gap < 5; ++gap) EXPECT_THAT(findings(gap), IsEmpty()) << gap;
}

TEST_F(LineSequenceTest, CountsTheDirectoriesBesideMissingLines) {
  add("etc", EntryType::Directory);
  add("etc/a");
  add("etc/b");
  add("srv", EntryType::Directory);
  manifest_.directories[0].files = 7;
  manifest_.directories[1].directories = 7;

  EXPECT_THAT(findings(1), ElementsAre(HasSubstr("it says directories 7 for srv.tar.gz")));
}

}  // namespace
}  // namespace osbackup::restore
