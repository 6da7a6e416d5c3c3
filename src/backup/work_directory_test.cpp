#include "backup/work_directory.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

constexpr const char* kRun = "0a1b2c3d-0000-4000-8000-000000000000";

class WorkDirectoryTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  fs::path place_ = folder_.path() / "work";
};

TEST_F(WorkDirectoryTest, TheRunsDirectoryIsPrivateAndGoesWithTheRun) {
  {
    WorkDirectory work(place_);
    const fs::path run = work.begin_run(kRun);
    struct stat status {};
    ASSERT_EQ(stat(run.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
    fs::create_directories(run / "staging" / "deep");
    std::ofstream(run / "archive.zip") << "x";
  }

  EXPECT_TRUE(fs::is_empty(place_));
}

TEST_F(WorkDirectoryTest, WhatElseLiesThereIsNeverTouched) {
  fs::create_directories(place_ / "documents");
  std::ofstream(place_ / "documents" / "precious") << "x";
  fs::create_directories(place_ / "run-away");
  fs::create_directories(place_ / "run-0a1b2c3e");
  fs::permissions(place_ / "run-0a1b2c3e", fs::perms::owner_all | fs::perms::group_read);
  {
    WorkDirectory work(place_);
    for (const fs::path& leftover : work.leftovers()) work.remove_leftover(leftover);
    work.begin_run(kRun);
  }

  EXPECT_TRUE(fs::exists(place_ / "documents" / "precious"));
  EXPECT_TRUE(fs::exists(place_ / "run-away"));
  EXPECT_TRUE(fs::exists(place_ / "run-0a1b2c3e")) << "a run's directory is private, so this one is not ours";
}

TEST_F(WorkDirectoryTest, FindsAndRemovesWhatAKilledRunLeft) {
  WorkDirectory work(place_);
  const fs::path killed = place_ / "run-0a1b2c3e";
  fs::create_directories(killed / "staging");
  fs::permissions(killed, fs::perms::owner_all);

  EXPECT_THAT(work.leftovers(), ElementsAre(killed));
  work.remove_leftover(killed);

  EXPECT_FALSE(fs::exists(killed));
}

}  // namespace
}  // namespace osbackup::backup
