#include "restore/diff.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "archive/index_path.hpp"
#include "support/fails_with.hpp"
#include "support/listed_entries.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using archive::IndexEntry;
using test::entry_of;
using test::file_entry;
using test::hard_link_entry;
using test::symlink_entry;
using testing::ElementsAre;
using testing::IsEmpty;

/// `M etc/passwd content,size`.
std::string text_of(const Change& change) {
  std::string text = fmt::format("{} {}", letter_of(change.kind), change.entry.path);
  for (std::size_t i = 0; i < change.fields.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? " " : ",", name_of(change.fields[i]));
  return text;
}

class DiffTest : public testing::Test {
 protected:
  std::vector<std::string> changes() {
    test::ListedEntries before(before_);
    test::ListedEntries after(after_);
    Diff diff({.entries = before, .has_index = have_indexes_}, {.entries = after}, options_);
    std::vector<std::string> found;
    while (const auto change = diff.next()) found.push_back(text_of(*change));
    counts_ = diff.counts();
    missing_paths_ = diff.missing_paths();
    return found;
  }
  /// Of one object that was this, and is that.
  std::vector<std::string> change(const IndexEntry& before, const IndexEntry& after) {
    before_ = {before};
    after_ = {after};
    return changes();
  }

  std::vector<IndexEntry> before_;
  std::vector<IndexEntry> after_;
  bool have_indexes_ = true;
  Diff::Options options_;
  DiffCounts counts_;
  std::vector<std::string> missing_paths_;
};

TEST_F(DiffTest, FindsNothingInTwoEqualStates) {
  before_ = after_ = {entry_of("etc", EntryType::Directory), file_entry("etc/a"), symlink_entry("etc/b", "a")};

  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(counts_.unchanged, 3U);
  EXPECT_EQ(counts_.changes(), 0U);
}

TEST_F(DiffTest, TellsWhatIsNewAndWhatIsGone) {
  before_ = {file_entry("a"), file_entry("a/b"), file_entry("c")};
  after_ = {file_entry("a/b"), file_entry("a-b"), file_entry("d")};

  EXPECT_THAT(changes(), ElementsAre("- a", "+ a-b", "- c", "+ d"));
  EXPECT_EQ(counts_.added, 2U);
  EXPECT_EQ(counts_.removed, 2U);
  EXPECT_EQ(counts_.unchanged, 1U);
}

TEST_F(DiffTest, GoesOnToTheEndOfTheLongerSide) {
  after_ = {file_entry("a"), file_entry("b")};
  EXPECT_THAT(changes(), ElementsAre("+ a", "+ b"));

  before_.swap(after_);
  EXPECT_THAT(changes(), ElementsAre("- a", "- b"));
}

TEST_F(DiffTest, TellsOtherContentByItsDigest) {
  EXPECT_THAT(change(file_entry("a", "one"), file_entry("a", "two")), ElementsAre("M a content"));
  EXPECT_THAT(change(file_entry("a", "one"), file_entry("a", "three")), ElementsAre("M a content,size"));
  EXPECT_EQ(counts_.content, 1U);
}

TEST_F(DiffTest, TakesATargetAndADevicesNumbersForContent) {
  EXPECT_THAT(change(symlink_entry("a", "x"), symlink_entry("a", "y")), ElementsAre("M a target"));
  for (const EntryType type : {EntryType::CharacterDevice, EntryType::BlockDevice}) {
    IndexEntry after = entry_of("a", type);
    after.entry.device_minor = 1;
    EXPECT_THAT(change(entry_of("a", type), after), ElementsAre("M a rdev"));
  }
}

TEST_F(DiffTest, NamesEachFieldOfTheMetadata) {
  const IndexEntry before = file_entry("a");
  const auto with = [&](const auto& modify) {
    IndexEntry after = before;
    modify(after);
    return change(before, after);
  };

  EXPECT_THAT(with([](IndexEntry& line) { line.entry.mode = 04644; }), ElementsAre("U a mode"));
  EXPECT_THAT(with([](IndexEntry& line) { line.entry.uid = 1; }), ElementsAre("U a uid"));
  EXPECT_THAT(with([](IndexEntry& line) { line.entry.gid = 1; }), ElementsAre("U a gid"));
  EXPECT_THAT(with([](IndexEntry& line) { line.entry.mtime.tv_nsec += 1; }), ElementsAre("U a mtime"));
  EXPECT_THAT(with([](IndexEntry& line) { line.entry.mtime.tv_sec += 1; }), ElementsAre("U a mtime"));
  EXPECT_THAT(with([](IndexEntry& line) { line.attributes_digest.emplace(); }), ElementsAre("U a xattrs"));
  EXPECT_THAT(with([](IndexEntry& line) { line.entry.flags = "i"; }), ElementsAre("U a flags"));
  EXPECT_EQ(counts_.metadata, 1U);
}

TEST_F(DiffTest, PassesOverWhatIsTheHostsAffair) {
  IndexEntry after = file_entry("a");
  after.entry.user = "renamed";
  after.entry.group = "renamed";
  after.entry.ctime.tv_sec = 1;
  after.entry.device = 1;
  after.entry.inode = 1;
  after.entry.links = 2;
  after.has_holes = true;
  after.changed = true;
  after.placement.span = 1;

  EXPECT_THAT(change(file_entry("a"), after), IsEmpty());
}

TEST_F(DiffTest, SaysOfOtherContentAlsoWhatElseDiffers) {
  IndexEntry after = file_entry("a", "new");
  after.entry.mode = 0600;

  EXPECT_THAT(change(file_entry("a", "old"), after), ElementsAre("M a content,mode"));
}

TEST_F(DiffTest, TellsAnotherTypeBeforeAllElse) {
  IndexEntry after = symlink_entry("a", "x");
  after.entry.mode = 0777;

  EXPECT_THAT(change(file_entry("a", "old"), after), ElementsAre("T a type,mode"));
  EXPECT_EQ(counts_.type, 1U);
}

TEST_F(DiffTest, TakesAHardLinkForTheFileThatItLinksTo) {
  EXPECT_THAT(change(file_entry("b", "same"), hard_link_entry("b", "a", "same")), IsEmpty());
  EXPECT_THAT(change(hard_link_entry("b", "a", "same"), file_entry("b", "same")), IsEmpty());
  EXPECT_THAT(change(hard_link_entry("b", "a", "same"), hard_link_entry("b", "0", "same")), IsEmpty());
  EXPECT_THAT(change(hard_link_entry("b", "a", "old"), hard_link_entry("b", "a", "new")), ElementsAre("M b content"));
  EXPECT_THAT(change(hard_link_entry("b", "a", ""), symlink_entry("b", "a")), ElementsAre("T b type"));
}

TEST_F(DiffTest, ComparesAttributesOnlyWhereAHardLinkHasThem) {
  IndexEntry first_name = file_entry("b", "same");
  first_name.attributes_digest.emplace();
  first_name.entry.flags = "i";

  EXPECT_THAT(change(first_name, hard_link_entry("b", "a", "same")), IsEmpty());
}

TEST_F(DiffTest, AHardLinkToWhatNobodyKnowsIsATypeOfItsOwn) {
  IndexEntry link = hard_link_entry("b", "a", "");
  link.digest.reset();
  IndexEntry elsewhere = link;
  elsewhere.entry.target = "c";

  EXPECT_THAT(change(link, link), IsEmpty());
  EXPECT_THAT(change(link, elsewhere), ElementsAre("M b target"));
  EXPECT_THAT(change(link, file_entry("b", "")), ElementsAre("T b type"));
}

TEST_F(DiffTest, TheFirstOfSeveralEntriesWithOnePathCounts) {
  before_ = {file_entry("a", "1"), file_entry("a", "2"), file_entry("b")};
  after_ = {file_entry("a", "1"), file_entry("b"), file_entry("b", "2"), file_entry("b", "3")};

  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(DiffTest, DoesNotAskATarForFlagsAndFractionsOfASecond) {
  have_indexes_ = false;
  IndexEntry before = file_entry("a");
  before.entry.mtime.tv_nsec = 0;
  IndexEntry after = file_entry("a");
  after.entry.flags = "i";
  EXPECT_THAT(change(before, after), IsEmpty());

  before.entry.mtime.tv_nsec = 1;
  EXPECT_THAT(change(before, after), ElementsAre("U a mtime"));
}

TEST_F(DiffTest, NamesThePathsThatNeitherSideHas) {
  options_.paths = {"a", "b", "c", "d", "e"};
  before_ = {file_entry("b"), file_entry("d/x")};
  after_ = {file_entry("b")};

  EXPECT_THAT(changes(), ElementsAre("- d/x"));
  EXPECT_THAT(missing_paths_, ElementsAre("a", "c", "e"));
}

TEST_F(DiffTest, CountsWhatItDidOfTheFirstSide) {
  RestoreProgress progress;
  options_.progress = &progress;
  before_ = {file_entry("a"), file_entry("b")};
  after_ = {file_entry("b"), file_entry("c")};
  changes();

  EXPECT_EQ(progress.objects, 2U);
}

TEST_F(DiffTest, EndsWhenItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  options_.stop = stop.get_token();
  before_ = {file_entry("a")};

  EXPECT_THAT([&] { changes(); }, test::fails_with(ErrorKind::Cancelled, "stopped"));
}

/// The second side is the live system, which tells the digest of a file when it is asked.
class LiveDiffTest : public DiffTest {
 protected:
  LiveDiffTest() {
    options_.live = LiveAnswers{
        .digest =
            [this] {
              ++files_read_;
              return digest_;
            },
        .knows_flags = [this] { return knows_flags_; },
        .is_passed_over = [this](const archive::Entry& entry) { return passed_over_.contains(entry.path); }};
  }
  static IndexEntry live_file(const std::string& content, int seconds_later) {
    IndexEntry entry = file_entry("a", content);
    entry.digest.reset();
    entry.entry.mtime.tv_sec += seconds_later;
    return entry;
  }
  void content_is(const std::string& content) { digest_ = file_entry("a", content).digest; }

  std::optional<crypto::Sha256Digest> digest_;
  bool knows_flags_ = true;
  std::set<std::string> passed_over_;
  int files_read_ = 0;
};

TEST_F(LiveDiffTest, TakesAFileOfTheSameSizeAndTimeForUnchanged) {
  content_is("new");

  EXPECT_THAT(change(file_entry("a", "old"), live_file("new", 0)), IsEmpty());
  EXPECT_EQ(files_read_, 0);
}

TEST_F(LiveDiffTest, ReadsAFileOfAnotherTimeAndTheSameSize) {
  content_is("new");
  EXPECT_THAT(change(file_entry("a", "old"), live_file("new", 1)), ElementsAre("M a content,mtime"));
  EXPECT_THAT(change(file_entry("a", "new"), live_file("new", 1)), ElementsAre("U a mtime"));
  EXPECT_EQ(files_read_, 2);
}

TEST_F(LiveDiffTest, DoesNotReadAFileOfAnotherSize) {
  EXPECT_THAT(change(file_entry("a", "old"), live_file("newer", 1)), ElementsAre("M a content,size,mtime"));
  EXPECT_EQ(files_read_, 0);
}

TEST_F(LiveDiffTest, ReadsEveryFileWhenItIsToldTo) {
  options_.live->reads_all = true;
  content_is("new");

  EXPECT_THAT(change(file_entry("a", "old"), live_file("new", 0)), ElementsAre("M a content"));
}

TEST_F(LiveDiffTest, ReadsAFileThatChangedWhileItWasBackedUp) {
  IndexEntry before = file_entry("a", "old");
  before.changed = true;
  content_is("new");

  EXPECT_THAT(change(before, live_file("new", 0)), ElementsAre("M a content"));
}

TEST_F(LiveDiffTest, CountsAFileThatCannotBeRead) {
  EXPECT_THAT(change(file_entry("a", "old"), live_file("new", 1)), ElementsAre("U a mtime"));
  EXPECT_EQ(counts_.unread, 1U);
}

TEST_F(LiveDiffTest, ComparesOnlyFlagsThatCouldBeRead) {
  IndexEntry before = file_entry("a");
  before.entry.flags = "i";
  EXPECT_THAT(change(before, live_file("", 0)), ElementsAre("U a flags"));

  knows_flags_ = false;
  EXPECT_THAT(change(before, live_file("", 0)), IsEmpty());
}

TEST_F(LiveDiffTest, DoesNotCallRemovedWhatWasNotLookedFor) {
  passed_over_ = {"b"};
  before_ = {file_entry("a"), file_entry("b")};
  after_ = {};

  EXPECT_THAT(changes(), ElementsAre("- a"));
  EXPECT_EQ(counts_.passed_over, 1U);
}

/// A tree as a map, in the order of archives.
struct ComesBefore {
  bool operator()(const std::string& left, const std::string& right) const {
    return archive::comes_before(left, right);
  }
};
using Tree = std::map<std::string, IndexEntry, ComesBefore>;

class RandomTrees {
 public:
  explicit RandomTrees(std::uint64_t seed) : random_(seed) {}

  Tree tree() {
    Tree made;
    for (std::uint64_t i = below(60); i > 0; --i) {
      const std::string path = this->path();
      made[path] = object(path);
    }
    return made;
  }

  /// Some of a tree, with something new, and something that is not what it was.
  Tree changed(Tree tree) {
    for (auto entry = tree.begin(); entry != tree.end();) {
      const std::uint64_t fate = below(6);
      if (fate == 0) {
        entry = tree.erase(entry);
        continue;
      }
      if (fate == 1) entry->second = object(entry->first);
      if (fate == 2) entry->second.entry.mode = static_cast<std::uint32_t>(below(3));
      ++entry;
    }
    tree.merge(this->tree());
    return tree;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  std::string path() {
    static const std::vector<std::string> kNames = {"a", "a-", "a0", "b", "\xff", "\x01"};
    std::string made = kNames[below(kNames.size())];
    while (below(3) != 0) made += "/" + kNames[below(kNames.size())];
    return below(20) == 0 ? "." : made;
  }
  IndexEntry object(const std::string& path) {
    const std::string content(below(3), 'x');
    switch (below(4)) {
      case 0:
        return symlink_entry(path, content);
      case 1:
        return entry_of(path, EntryType::Directory);
      case 2:
        return hard_link_entry(path, "elsewhere", content);
      default:
        return file_entry(path, content);
    }
  }

  std::mt19937_64 random_;
};

/// What a comparison finds, the simple way.
std::vector<std::string> expected_changes(const Tree& before, const Tree& after) {
  std::set<std::string, ComesBefore> paths;
  for (const Tree* tree : {&before, &after})
    for (const auto& [path, entry] : *tree) paths.insert(path);
  std::vector<std::string> lines;
  for (const std::string& path : paths) {
    const auto was = before.find(path);
    const auto is = after.find(path);
    if (was == before.end()) {
      lines.push_back("+ " + path);
      continue;
    }
    if (is == after.end()) {
      lines.push_back("- " + path);
      continue;
    }
    const auto kind = [](const IndexEntry& line) {
      return line.entry.type == EntryType::Hardlink ? EntryType::File : line.entry.type;
    };
    const bool is_file = kind(is->second) == EntryType::File;
    const std::string mode = was->second.entry.mode == is->second.entry.mode ? "" : "mode";
    const std::string more = mode.empty() ? "" : "," + mode;
    if (kind(was->second) != kind(is->second))
      lines.push_back(fmt::format("T {} type{}", path, more));
    else if (is_file && was->second.digest != is->second.digest)
      lines.push_back(fmt::format("M {} content,size{}", path, more));
    else if (!is_file && was->second.entry.target != is->second.entry.target)
      lines.push_back(fmt::format("M {} target{}", path, more));
    else if (!mode.empty())
      lines.push_back("U " + path + " mode");
  }
  return lines;
}

std::vector<IndexEntry> entries_of(const Tree& tree) {
  std::vector<IndexEntry> entries;
  for (const auto& [path, entry] : tree) entries.push_back(entry);
  return entries;
}

TEST_F(DiffTest, FindsInRandomTreesWhatASimpleModelFinds) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    RandomTrees random(seed);
    const Tree before = random.tree();
    const Tree after = random.changed(before);
    before_ = entries_of(before);
    after_ = entries_of(after);

    ASSERT_EQ(changes(), expected_changes(before, after)) << "seed " << seed;
    ASSERT_EQ(counts_.changes() + counts_.unchanged - counts_.added, before.size()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace osbackup::restore
