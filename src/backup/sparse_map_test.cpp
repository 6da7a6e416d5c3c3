#include "backup/sparse_map.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

using archive::Extent;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kMiB = 1U << 20U;

class SparseMapTest : public testing::Test {
 protected:
  void write_at(std::uint64_t offset) const {
    const std::string data(kMiB, 'x');
    ASSERT_EQ(pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(data.size()));
  }
  void set_size(std::uint64_t size) const { ASSERT_EQ(ftruncate(file_.get(), static_cast<off_t>(size)), 0); }

  test::TemporaryFolder folder_;
  system::FileDescriptor file_ =
      system::open_file(folder_.path() / "file", {.flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW});
};

TEST_F(SparseMapTest, FindsTheDataBetweenTheHoles) {
  write_at(2 * kMiB);
  write_at(5 * kMiB);
  set_size(8 * kMiB);

  EXPECT_THAT(sparse_map(file_, 8 * kMiB),
              ElementsAre(Extent{.offset = 2 * kMiB, .length = kMiB}, Extent{.offset = 5 * kMiB, .length = kMiB}));
}

TEST_F(SparseMapTest, AFileThatIsOneHoleHasNoExtents) {
  set_size(8 * kMiB);

  EXPECT_THAT(sparse_map(file_, 8 * kMiB), IsEmpty());
}

TEST_F(SparseMapTest, EndsAtTheSizeAlthoughTheFileHasGrown) {
  write_at(0);
  write_at(kMiB);

  EXPECT_THAT(sparse_map(file_, kMiB + 100), ElementsAre(Extent{.offset = 0, .length = kMiB + 100}));
}

TEST(JoinOverSmallestHoles, FillsTheSmallestFirst) {
  // Holes of 10, 1, 5 and 1.
  std::vector<Extent> extents = {{0, 10}, {20, 10}, {31, 10}, {46, 10}, {57, 10}};

  join_over_smallest_holes(extents, 3);

  EXPECT_THAT(extents, ElementsAre(Extent{0, 10}, Extent{20, 21}, Extent{46, 21}));
}

TEST(JoinOverSmallestHoles, OfHolesOfOneSizeFillsAsManyAsAreNeeded) {
  std::vector<Extent> extents = {{0, 1}, {2, 1}, {4, 1}, {6, 1}, {8, 1}};

  join_over_smallest_holes(extents, 4);

  EXPECT_THAT(extents, ElementsAre(Extent{0, 3}, Extent{4, 1}, Extent{6, 1}, Extent{8, 1}));
}

TEST(JoinOverSmallestHoles, LeavesFewExtentsAlone) {
  std::vector<Extent> extents = {{0, 1}, {2, 1}};

  join_over_smallest_holes(extents, 2);

  EXPECT_THAT(extents, ElementsAre(Extent{0, 1}, Extent{2, 1}));
}

}  // namespace
}  // namespace osbackup::backup
