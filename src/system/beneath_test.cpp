#include "system/beneath.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_folder.hpp"

namespace osbackup::system {
namespace {

namespace fs = std::filesystem;

/// A tree `root`, beside which lies `outside`.
class BeneathTest : public testing::TestWithParam<PathWalk> {
 protected:
  BeneathTest() {
    fs::create_directories(folder_.path() / "root/a/b/c");
    fs::create_directories(folder_.path() / "outside/b");
    std::ofstream(folder_.path() / "root/a/file") << "x";
  }

  void link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, folder_.path() / "root" / name);
  }
  Beneath beneath() const {
    return Beneath(FileDescriptor(open((folder_.path() / "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                   GetParam());
  }
  /// Where a path led to, below the folder; else what errno says.
  std::string way_to(std::string_view path) const {
    const FileDescriptor opened = beneath().open_directory(path, O_RDONLY);
    if (!opened) return strerrorname_np(errno);
    const fs::path led_to = fs::read_symlink("/proc/self/fd/" + std::to_string(opened.get()));
    return led_to.lexically_relative(fs::canonical(folder_.path())).native();
  }

  test::TemporaryFolder folder_;
};

TEST_P(BeneathTest, OpensWhatLiesBelow) {
  EXPECT_EQ(way_to("a"), "root/a");
  EXPECT_EQ(way_to("a/b/c"), "root/a/b/c");
  EXPECT_EQ(way_to("."), "root");
}

TEST_P(BeneathTest, SaysWhatIsNotThere) {
  EXPECT_EQ(way_to("a/x"), "ENOENT");
  EXPECT_EQ(way_to("x/b"), "ENOENT");
}

TEST_P(BeneathTest, OpensDirectoriesAlone) {
  EXPECT_EQ(way_to("a/file"), "ENOTDIR");
  EXPECT_EQ(way_to("a/file/x"), "ENOTDIR");
}

TEST_P(BeneathTest, FollowsNoLinkWhereverItLeads) {
  link("../outside", "up");
  link((folder_.path() / "outside").string(), "absolute");
  link("a", "inside");
  link("nowhere", "dangling");

  for (const char* name : {"up", "absolute", "inside", "dangling"}) {
    EXPECT_EQ(way_to(name), "ELOOP") << name;
    EXPECT_EQ(way_to(std::string(name) + "/b"), "ELOOP") << name;
  }
}

TEST_P(BeneathTest, GoesNoWayThatIsNotPlain) {
  for (const char* path :
       {"", "/", "/a", "..", "../outside", "a/..", "a/../../outside", "a/../a", "a//b", "a/", "./a", "a/.", "a/./b"})
    EXPECT_EQ(way_to(path), "EXDEV") << path;
  EXPECT_EQ(way_to(std::string_view("a\0b", 3)), "EINVAL");
}

TEST_P(BeneathTest, EntersMountedFileSystems) {
  const fs::path point = folder_.path() / "root/a/b";
  ASSERT_EQ(mount("none", point.c_str(), "tmpfs", 0, nullptr), 0) << "this test must run as root";
  fs::create_directory(point / "mounted");
  EXPECT_EQ(way_to("a/b/mounted"), "root/a/b/mounted");
  umount2(point.c_str(), MNT_DETACH);
}

TEST_P(BeneathTest, RefusesNamesThatAreTooLong) {
  EXPECT_EQ(way_to("a/" + std::string(NAME_MAX + 1, 'n')), "ENAMETOOLONG");
  EXPECT_EQ(way_to("a/" + std::string(std::size_t{3} * PATH_MAX, 'n')), "ENAMETOOLONG");
}

TEST_P(BeneathTest, GoesAlongPathsThatAreLongerThanTheKernelTakes) {
  const std::string name(NAME_MAX, 'd');
  FileDescriptor directory(open((folder_.path() / "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::string path;
  for (int level = 0; level < 200; ++level) {
    // Names of several lengths, so that pieces end at several places.
    const std::string here = name.substr(0, static_cast<std::size_t>(NAME_MAX - level));
    ASSERT_EQ(mkdirat(directory.get(), here.c_str(), 0700), 0);
    directory = FileDescriptor(openat(directory.get(), here.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    path += (path.empty() ? "" : "/") + here;
    struct stat made {
    }, found{};
    const FileDescriptor opened = beneath().open_directory(path, O_PATH);
    ASSERT_TRUE(opened) << level;
    ASSERT_EQ(fstat(directory.get(), &made), 0);
    ASSERT_EQ(fstat(opened.get(), &found), 0);
    ASSERT_EQ(found.st_ino, made.st_ino) << level;
  }
}

std::string name_of_walk(const testing::TestParamInfo<PathWalk>& walk) {
  return walk.param == PathWalk::InKernel ? "InKernel" : "StepByStep";
}

INSTANTIATE_TEST_SUITE_P(Walks, BeneathTest, testing::Values(PathWalk::InKernel, PathWalk::StepByStep), name_of_walk);

TEST(PathWalk, IsTheKernelsWhereItHasOne) { EXPECT_EQ(best_path_walk(), PathWalk::InKernel) << "Linux before 5.6?"; }

}  // namespace
}  // namespace osbackup::system
