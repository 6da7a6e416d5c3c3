#include "backup/read_ahead.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "backup/block_planner.hpp"
#include "support/temporary_folder.hpp"

namespace {

/// The inodes of the files that posix_fadvise was called for.
std::vector<ino_t> asked_for;

}  // namespace

/// Stands before the C library's: takes a note instead of asking the kernel.
extern "C" int posix_fadvise(int descriptor, off_t /*offset*/, off_t /*length*/, int advice) noexcept {
  struct stat status {};
  if (advice == POSIX_FADV_WILLNEED && fstat(descriptor, &status) == 0) asked_for.push_back(status.st_ino);
  return 0;
}

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAreArray;
using testing::IsEmpty;

constexpr int kFiles = 40;

/// A block of files, each in a directory's order another than that of their inodes, and a kernel that says what their
/// disk is.
class ReadAheadTest : public testing::Test {
 protected:
  ReadAheadTest() {
    fs::create_directory(tree());
    // The last in order is made first, and so on, twice over.
    for (int i = kFiles; i > 0; --i) std::ofstream(tree() / std::to_string(100 + i * 7 % kFiles)) << "content";
    BlockPlanner planner(tree().string(), {.rules = rules_, .warnings = warnings_, .linked_objects = linked_objects_},
                         {});
    block_ = std::move(*planner.next());
    for (const PlannedObject& object : block_.objects)
      if (S_ISREG(object.scanned.status.st_mode)) inodes_.push_back(object.scanned.status.st_ino);
    asked_for.clear();
  }

  fs::path tree() const { return folder_.path() / "tree"; }
  fs::path sys(const std::string& rotational) const {
    const dev_t device = block_.objects.front().scanned.status.st_dev;
    const fs::path queue = folder_.path() / "sys" / "dev" / "block" /
                           (std::to_string(major(device)) + ":" + std::to_string(minor(device))) / "queue";
    fs::create_directories(queue);
    std::ofstream(queue / "rotational") << rotational << '\n';
    return folder_.path() / "sys";
  }

  test::TemporaryFolder folder_;
  SelectionRules rules_;
  WarningLog warnings_{[](const Warning&) {}};
  LinkedObjects linked_objects_{folder_.path()};
  Block block_;
  std::vector<ino_t> inodes_;  ///< In the archive's order.
};

TEST_F(ReadAheadTest, AsksForFilesInTheOrderInWhichTheyAreRead) {
  ReadAhead(sys("0")).prepare(block_);

  EXPECT_THAT(asked_for, ElementsAreArray(inodes_));
}

TEST_F(ReadAheadTest, OnARotatingDiskAsksInTheOrderOfInodes) {
  std::vector<ino_t> sorted = inodes_;
  std::sort(sorted.begin(), sorted.end());
  ASSERT_NE(sorted, inodes_);

  ReadAhead(sys("1")).prepare(block_);

  EXPECT_THAT(asked_for, ElementsAreArray(sorted));
}

TEST_F(ReadAheadTest, AsksForNothingMoreWhileNoReadHasToWait) {
  ReadAhead read_ahead(sys("0"));
  for (int i = 0; i < ReadAhead::kBlocksAfterAWait; ++i) {
    read_ahead.prepare(block_);
    read_ahead.note(false);
  }
  asked_for.clear();

  read_ahead.prepare(block_);

  EXPECT_THAT(asked_for, IsEmpty());

  read_ahead.note(true);
  read_ahead.prepare(block_);

  EXPECT_THAT(asked_for, ElementsAreArray(inodes_));
}

}  // namespace
}  // namespace osbackup::backup
