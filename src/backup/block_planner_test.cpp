#include "backup/block_planner.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "archive/entry.hpp"
#include "archive/gzip_member.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::Le;
using testing::SizeIs;

class BlockPlannerTest : public testing::Test {
 protected:
  fs::path at(const std::string& name) const { return folder_.path() / name; }

  std::vector<Block> plan(PlannerOptions options = {}) {
    BlockPlanner planner(folder_.path().string(),
                         {.rules = rules_, .warnings = warnings_, .linked_objects = linked_objects_}, options);
    std::vector<Block> blocks;
    while (std::optional<Block> block = planner.next()) blocks.push_back(std::move(*block));
    return blocks;
  }

  /// How many files and directories are open for as long as the block is.
  static std::size_t descriptors_of(const Block& block) {
    std::set<const void*> open;
    for (const PlannedObject& object : block.objects) {
      open.insert(object.scanned.parent.get());
      open.insert(object.scanned.self.get());
      open.insert(object.held.get());
    }
    open.erase(nullptr);
    return open.size();
  }
  static std::vector<std::size_t> descriptors_of(const std::vector<Block>& blocks) {
    std::vector<std::size_t> counts;
    counts.reserve(blocks.size());
    for (const Block& block : blocks) counts.push_back(descriptors_of(block));
    return counts;
  }

  test::TemporaryFolder folder_;
  SelectionRules rules_;
  test::TemporaryFolder scratch_;
  LinkedObjects linked_objects_{scratch_.path()};
  std::vector<Warning> heard_;
  WarningLog warnings_{[this](const Warning& warning) { heard_.push_back(warning); }};
};

TEST_F(BlockPlannerTest, ABlockHoldsFewOfManyDirectoriesSideBySide) {
  for (int i = 0; i < 100; ++i) fs::create_directory(at("directory" + std::to_string(i)));

  const std::vector<Block> blocks = plan({.directory = 0, .descriptors_max = 10, .scan = {}});

  EXPECT_THAT(descriptors_of(blocks), Each(Le(12U)));
}

TEST_F(BlockPlannerTest, ABlockHoldsFewOfManyDirectoriesInsideEachOther) {
  fs::create_directories(at("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z"));

  EXPECT_THAT(descriptors_of(plan({.directory = 0, .descriptors_max = 10, .scan = {}})), Each(Le(12U)));
}

TEST_F(BlockPlannerTest, ABlockHoldsFewOfManyFilesWithSeveralNames) {
  fs::create_directory(at("a"));
  fs::create_directory(at("b"));
  for (int i = 0; i < 100; ++i) {
    std::ofstream(at("a/" + std::to_string(i))) << "content";
    fs::create_hard_link(at("a/" + std::to_string(i)), at("b/" + std::to_string(i)));
  }

  EXPECT_THAT(descriptors_of(plan({.directory = 0, .descriptors_max = 10, .scan = {}})), Each(Le(12U)));
}

TEST_F(BlockPlannerTest, ABlockHoldsMoreObjectsThanItMayHoldDescriptorsWhenTheyLieTogether) {
  for (int i = 0; i < 100; ++i) std::ofstream(at("file" + std::to_string(i))) << "content";

  EXPECT_THAT(plan({.directory = 0, .descriptors_max = 10, .scan = {}}), SizeIs(1));
}

TEST_F(BlockPlannerTest, ABlockHoldsFewObjectsWhosePathsAreLong) {
  // 80,000 bytes of path for each file: no path of the system's calls can be that long, and no matter.
  int directory = open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::string name(250, 'd');
  for (int depth = 0; depth < 320; ++depth) {
    ASSERT_EQ(mkdirat(directory, name.c_str(), 0700), 0);
    const int next = openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(directory);
    directory = next;
  }
  for (int i = 0; i < 100; ++i)
    close(openat(directory, ("file" + std::to_string(i)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  close(directory);

  for (const Block& block : plan()) {
    std::size_t bytes = 0;
    for (const PlannedObject& object : block.objects) bytes += object.scanned.path.size();
    EXPECT_LE(bytes, archive::kMemberContentMax);
  }
}

TEST_F(BlockPlannerTest, WarnsOfThePathsThatOnlyOsbackupCanRestoreOnceForWhatLiesBelow) {
  int directory = open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::string name(250, 'd');
  for (int depth = 0; depth < 20; ++depth) {
    ASSERT_EQ(mkdirat(directory, name.c_str(), 0700), 0);
    const int next = openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(directory);
    directory = next;
  }
  close(directory);

  plan();

  ASSERT_THAT(heard_, SizeIs(1));
  EXPECT_GT(heard_[0].path.size(), 4096U);
  EXPECT_LE(heard_[0].path.size(), 4096U + 251U);
  EXPECT_EQ(heard_[0].kind, WarningKind::Note);
  EXPECT_EQ(heard_[0].reason, "its path is longer than 4095 bytes: only osbackup can restore it, and what lies below");
}

TEST_F(BlockPlannerTest, LeavesOutWhatHasAPathThatNoReaderTakes) {
  // 1,100 levels of 250 bytes, and two files below.
  const std::string name(250, 'd');
  int level = open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < 1100; ++i) {
    ASSERT_EQ(mkdirat(level, name.c_str(), 0700), 0);
    const int below = openat(level, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(level);
    level = below;
  }
  for (const char* file : {"a", "b"}) close(openat(level, file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  close(level);
  std::ofstream(at("z")) << "found";

  std::size_t longest = 0;
  std::string last;
  BlockPlanner planner(folder_.path().string(),
                       {.rules = rules_, .warnings = warnings_, .linked_objects = linked_objects_}, {});
  // One block at a time: each holds directories open.
  while (const std::optional<Block> block = planner.next())
    for (const PlannedObject& object : block->objects) {
      longest = std::max(longest, object.scanned.path.size());
      last = object.scanned.path;
    }

  EXPECT_LE(longest, archive::kPathBytesMax);
  EXPECT_GT(longest, archive::kPathBytesMax - 252);
  EXPECT_THAT(last, testing::EndsWith("/z"));
  std::vector<std::string> missing;
  for (const Warning& warning : heard_)
    if (warning.kind == WarningKind::Missing) missing.push_back(warning.reason);
  EXPECT_THAT(missing,
              testing::ElementsAre("left out, as is all in this directory whose path is longer than 262144 bytes"));
  // The folder's own way to remove it opens all levels at once.
  EXPECT_EQ(
      test::ChildProcess({.arguments = {"rm", "-rf", at(name).string()}, .output = scratch_.path() / "said"}).wait(),
      0);
}

TEST_F(BlockPlannerTest, NamesAFileWhoseHolesTakeLongToHash) {
  std::ofstream(at("short")).close();
  fs::resize_file(at("short"), 200ULL << 30U);
  std::ofstream(at("long")).close();
  fs::resize_file(at("long"), 3ULL << 40U);

  plan();

  ASSERT_THAT(heard_, SizeIs(1));
  EXPECT_EQ(heard_[0].path, at("long"));
  EXPECT_EQ(heard_[0].reason,
            "has holes of 3.0 TiB: they take no room, but the digest of so many zeros takes long; [BackupDirs] exclude "
            "leaves the file out");
}

}  // namespace
}  // namespace osbackup::backup
