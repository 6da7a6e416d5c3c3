#include "system/block_device.hpp"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <fstream>

#include "support/temporary_folder.hpp"

namespace osbackup::system {
namespace {

namespace fs = std::filesystem;

/// A tree like the kernel's /sys, with the disks that a test puts into it.
class BlockDeviceTest : public testing::Test {
 protected:
  BlockDeviceTest() { fs::create_directories(sys_ / "dev/block"); }

  fs::path disk(const std::string& name, const std::string& number, bool rotating) const {
    fs::path place = sys_ / "devices" / name;
    fs::create_directories(place / "queue");
    fs::create_directories(place / "slaves");
    std::ofstream(place / "queue/rotational") << (rotating ? "1\n" : "0\n");
    fs::create_directory_symlink("../../devices/" + name, sys_ / "dev/block" / number);
    return place;
  }
  fs::path partition(const std::string& disk_name, const std::string& name, const std::string& number) const {
    fs::path place = sys_ / "devices" / disk_name / name;
    fs::create_directories(place);
    std::ofstream(place / "partition") << "1\n";
    fs::create_directory_symlink("../../devices/" + disk_name + "/" + name, sys_ / "dev/block" / number);
    return place;
  }
  /// A device of the device mapper or md that lies on others.
  void stack(const std::string& name, const std::string& number, const std::vector<fs::path>& below) const {
    // The kernel's own word for it is not asked: old kernels said 1 for every such device.
    const fs::path place = disk(name, number, true);
    for (const fs::path& member : below) fs::create_directory_symlink(member, place / "slaves" / member.filename());
  }
  bool rotating(unsigned major_number, unsigned minor_number) const {
    return is_rotating(makedev(major_number, minor_number), sys_);
  }

  test::TemporaryFolder folder_;
  fs::path sys_ = fs::canonical(folder_.path());
};

TEST_F(BlockDeviceTest, AsksTheDisk) {
  disk("sda", "8:0", true);
  disk("sdb", "8:16", false);

  EXPECT_TRUE(rotating(8, 0));
  EXPECT_FALSE(rotating(8, 16));
}

TEST_F(BlockDeviceTest, AsksTheDiskOfAPartition) {
  disk("sda", "8:0", true);
  partition("sda", "sda1", "8:1");
  disk("sdb", "8:16", false);
  partition("sdb", "sdb1", "8:17");

  EXPECT_TRUE(rotating(8, 1));
  EXPECT_FALSE(rotating(8, 17));
}

TEST_F(BlockDeviceTest, AsksWhatLiesBelowAStackedDevice) {
  disk("sda", "8:0", true);
  disk("sdb", "8:16", false);
  const fs::path slow = partition("sda", "sda1", "8:1");
  const fs::path fast = partition("sdb", "sdb1", "8:17");
  stack("md0", "9:0", {fast, slow});
  stack("dm-0", "253:0", {sys_ / "devices/md0"});
  stack("dm-1", "253:1", {fast});

  EXPECT_TRUE(rotating(253, 0)) << "one of two disks rotates";
  EXPECT_FALSE(rotating(253, 1));
}

TEST_F(BlockDeviceTest, TakesWhatIsNotKnownForNotRotating) {
  EXPECT_FALSE(rotating(0, 44));
  disk("sda", "8:0", true);
  fs::remove_all(sys_ / "devices/sda/queue");
  EXPECT_FALSE(rotating(8, 0));
  fs::create_directory_symlink("../../devices/gone", sys_ / "dev/block/8:32");
  EXPECT_FALSE(rotating(8, 32));
}

TEST_F(BlockDeviceTest, EndsWhenDevicesStandOnEachOther) {
  stack("dm-0", "253:0", {});
  stack("dm-1", "253:1", {sys_ / "devices/dm-0"});
  fs::create_directory_symlink(sys_ / "devices/dm-1", sys_ / "devices/dm-0/slaves/dm-1");

  EXPECT_FALSE(rotating(253, 0));
}

TEST_F(BlockDeviceTest, ReadsTheKernelsOwnTree) {
  EXPECT_FALSE(is_rotating(makedev(0, 1)));
  for (const fs::directory_entry& entry : fs::directory_iterator("/sys/block")) {
    if (!fs::is_empty(entry.path() / "slaves")) continue;
    std::ifstream flag(entry.path() / "queue/rotational");
    std::ifstream number(entry.path() / "dev");
    unsigned major_number = 0;
    unsigned minor_number = 0;
    char colon = 0;
    char says = 0;
    ASSERT_TRUE(number >> major_number >> colon >> minor_number);
    ASSERT_TRUE(flag >> says);
    EXPECT_EQ(is_rotating(makedev(major_number, minor_number)), says == '1') << entry.path();
  }
}

}  // namespace
}  // namespace osbackup::system
