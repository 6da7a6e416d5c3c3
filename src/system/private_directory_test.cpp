#include "system/private_directory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::system {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kSomebody = 65534;

/// A work directory's place in a folder that is like /tmp. These tests need root: they make somebody else's files.
class PrivateDirectoryTest : public testing::Test {
 protected:
  PrivateDirectoryTest() { chmod(folder_.path().c_str(), 01777); }

  test::TemporaryFolder folder_;
  fs::path place_ = folder_.path() / "work";

  void write(const fs::path& path, const std::string& text = "x") { std::ofstream(path) << text; }

  static void expect_private(const PrivateDirectory& directory) {
    struct stat opened {
    }, named{};
    ASSERT_EQ(fstat(directory.descriptor().get(), &opened), 0);
    ASSERT_EQ(lstat(directory.path().c_str(), &named), 0);
    EXPECT_EQ(opened.st_ino, named.st_ino);
    EXPECT_TRUE(S_ISDIR(named.st_mode));
    EXPECT_EQ(named.st_mode & 07777U, 0700U);
    EXPECT_EQ(named.st_uid, geteuid());
  }
  static std::string refusal(const fs::path& path) {
    try {
      PrivateDirectory::open(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Denied);
      return error.what();
    }
    return "none";
  }
};

TEST_F(PrivateDirectoryTest, IsMadeForItsOwnerAlone) {
  const PrivateDirectory directory = PrivateDirectory::open(place_);
  expect_private(directory);
  EXPECT_EQ(directory.set_aside(), std::nullopt);
}

TEST_F(PrivateDirectoryTest, IsMadeWithWhatIsMissingAbove) {
  const PrivateDirectory directory = PrivateDirectory::open(place_ / "deep" / "er" / "");
  expect_private(directory);
  EXPECT_EQ(directory.path(), place_ / "deep" / "er");
}

TEST_F(PrivateDirectoryTest, IsUsedAgainWithItsContent) {
  PrivateDirectory::open(place_);
  write(place_ / "kept");
  const PrivateDirectory directory = PrivateDirectory::open(place_);
  EXPECT_TRUE(fs::exists(place_ / "kept"));
  EXPECT_EQ(directory.set_aside(), std::nullopt);
}

TEST_F(PrivateDirectoryTest, KeepsTheModeThatItHad) {
  fs::create_directory(place_);
  chmod(place_.c_str(), 0755);
  PrivateDirectory::open(place_);
  struct stat status {};
  ASSERT_EQ(stat(place_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0755U);
}

TEST_F(PrivateDirectoryTest, RefusesADirectoryThatOthersMayWriteTo) {
  fs::create_directory(place_);
  chmod(place_.c_str(), 0777);
  EXPECT_THROW(PrivateDirectory::open(place_), Error);
}

TEST_F(PrivateDirectoryTest, SetsALinkAsideAndDoesNotUseItsTarget) {
  const fs::path target = folder_.path() / "target";
  fs::create_directory(target);
  chmod(target.c_str(), 0755);
  fs::create_symlink(target, place_);

  const PrivateDirectory directory = PrivateDirectory::open(place_);

  expect_private(directory);
  ASSERT_TRUE(directory.set_aside());
  EXPECT_EQ(fs::read_symlink(*directory.set_aside()), target);
  EXPECT_EQ(fs::status(target).permissions(), fs::perms(0755));
  EXPECT_TRUE(fs::is_empty(target));
}

TEST_F(PrivateDirectoryTest, SetsADanglingLinkAside) {
  fs::create_symlink(folder_.path() / "nowhere", place_);
  const PrivateDirectory directory = PrivateDirectory::open(place_);
  expect_private(directory);
  EXPECT_TRUE(directory.set_aside());
  EXPECT_FALSE(fs::exists(folder_.path() / "nowhere"));
}

TEST_F(PrivateDirectoryTest, SetsAFileAsideUnchanged) {
  write(place_, "text");
  const PrivateDirectory directory = PrivateDirectory::open(place_);
  expect_private(directory);
  ASSERT_TRUE(directory.set_aside());
  EXPECT_EQ(fs::file_size(*directory.set_aside()), 4U);
}

TEST_F(PrivateDirectoryTest, SetsAFifoAsideWithoutWaitingForIt) {
  ASSERT_EQ(mkfifo(place_.c_str(), 0600), 0);
  const PrivateDirectory directory = PrivateDirectory::open(place_);
  expect_private(directory);
  EXPECT_TRUE(directory.set_aside());
}

TEST_F(PrivateDirectoryTest, SetsSomebodyElsesDirectoryAsideWithItsContent) {
  fs::create_directory(place_);
  write(place_ / "bait");
  ASSERT_EQ(chown(place_.c_str(), kSomebody, kSomebody), 0) << "run the tests as root";

  const PrivateDirectory directory = PrivateDirectory::open(place_);

  expect_private(directory);
  EXPECT_TRUE(fs::is_empty(place_));
  ASSERT_TRUE(directory.set_aside());
  EXPECT_TRUE(fs::exists(*directory.set_aside() / "bait"));
}

TEST_F(PrivateDirectoryTest, FindsAFreeNameForEachImpostor) {
  write(place_, "first");
  const auto first = PrivateDirectory::open(place_).set_aside();
  fs::remove(place_);
  write(place_, "second");
  const auto second = PrivateDirectory::open(place_).set_aside();
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_TRUE(fs::exists(*first));
}

TEST_F(PrivateDirectoryTest, RefusesAPlaceWhereOthersMayRename) {
  chmod(folder_.path().c_str(), 0777);
  const std::string parent = folder_.path().string();
  EXPECT_EQ(refusal(place_), parent +
                                 " is not safe for a work directory: other users may rename what lies in it. Use a "
                                 "directory of root's, or make it sticky with: chmod +t " +
                                 parent);
  chmod(folder_.path().c_str(), 0775);
  EXPECT_NE(refusal(place_), "none");
  EXPECT_FALSE(fs::exists(place_));
}

TEST_F(PrivateDirectoryTest, RefusesAPlaceThatIsSomebodyElses) {
  ASSERT_EQ(chown(folder_.path().c_str(), kSomebody, kSomebody), 0) << "run the tests as root";
  EXPECT_NE(refusal(place_), "none");
}

TEST_F(PrivateDirectoryTest, LosesATreeButNotWhatLinksPointTo) {
  const PrivateDirectory directory = PrivateDirectory::open(place_);
  write(place_ / "kept");
  const fs::path outside = folder_.path() / "outside";
  fs::create_directories(outside / "deep");
  write(outside / "precious");
  fs::create_directories(place_ / "tree" / "a" / "b" / "c");
  write(place_ / "tree" / "a" / "b" / "file");
  fs::create_symlink(outside, place_ / "tree" / "link");
  fs::create_symlink(outside, place_ / "tree" / "a" / "b" / "link");
  fs::create_symlink("nowhere", place_ / "tree" / "dangling");
  ASSERT_EQ(mkfifo((place_ / "tree" / "fifo").c_str(), 0600), 0);
  fs::create_hard_link(outside / "precious", place_ / "tree" / "hard");

  remove_tree(directory.descriptor(), "tree");

  EXPECT_FALSE(fs::exists(place_ / "tree"));
  EXPECT_TRUE(fs::exists(place_ / "kept"));
  EXPECT_TRUE(fs::exists(outside / "precious"));
  EXPECT_TRUE(fs::exists(outside / "deep"));
}

TEST_F(PrivateDirectoryTest, LosesATreeOfManyFilesAndDeepDirectories) {
  const PrivateDirectory directory = PrivateDirectory::open(place_);
  write(place_ / "kept");
  fs::create_directories(place_ / "tree");
  for (int i = 0; i < 2000; ++i) write(place_ / "tree" / std::to_string(i));
  fs::path deep = place_ / "tree";
  for (int i = 0; i < 200; ++i) deep /= "d";
  fs::create_directories(deep);
  remove_tree(directory.descriptor(), "tree");
  EXPECT_FALSE(fs::exists(place_ / "tree"));
  EXPECT_TRUE(fs::exists(place_ / "kept"));
}

TEST_F(PrivateDirectoryTest, LosesATreeButNotTheFileSystemThatIsMountedInIt) {
  const PrivateDirectory directory = PrivateDirectory::open(place_);
  const fs::path point = place_ / "tree" / "mounted";
  fs::create_directories(point);
  ASSERT_EQ(mount("none", point.c_str(), "tmpfs", 0, nullptr), 0) << "this test must run as root";
  write(point / "precious");

  remove_tree(directory.descriptor(), "tree");

  const bool is_there = fs::exists(point / "precious");
  umount2(point.c_str(), MNT_DETACH);
  EXPECT_TRUE(is_there);
}

}  // namespace
}  // namespace osbackup::system
