#include "restore/target_root.hpp"

#include <gmock/gmock.h>

#include "support/fails_with.hpp"
#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using test::fails_with;
using testing::ElementsAre;
using testing::IsEmpty;

class TargetRootTest : public test::SinkTest {
 protected:
  auto opening() {
    return [this] { open_target(options_); };
  }
};

TEST_F(TargetRootTest, IsMadeForItsOwnerAlone) {
  options_.target = folder_.path() / "a/b/target";
  EXPECT_TRUE(open_target(options_).is_made);
  EXPECT_EQ(mode_of(""), 0700U);
  EXPECT_FALSE(open_target(options_).is_made);
}

TEST_F(TargetRootTest, LeavesNothingInTheTarget) {
  there_directory("");
  const struct stat before = status_of("");
  open_target(options_);

  EXPECT_THAT(names_in(options_.target), IsEmpty());
  EXPECT_EQ(status_of("").st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_EQ(mode_of(""), before.st_mode & 07777U);
}

TEST_F(TargetRootTest, MayBeNamedThroughLinks) {
  there_directory("");
  std::filesystem::create_directory_symlink("target", folder_.path() / "link");
  options_.target = folder_.path() / "link";
  restore_file({.path = "file"});

  EXPECT_EQ(content_of("file"), "content");
}

TEST_F(TargetRootTest, IsNoFile) {
  std::ofstream(folder_.path() / "target") << "x";
  EXPECT_THAT(opening(), fails_with(ErrorKind::Usage, "target is a file, or lies below one: name a directory"));
  options_.target /= "below";
  EXPECT_THAT(opening(), fails_with(ErrorKind::Usage, "is a file, or lies below one"));
  EXPECT_THAT([&] { find_target(options_); }, fails_with(ErrorKind::Usage, "is a file, or lies below one"));
}

TEST_F(TargetRootTest, IsNoLinkThatLeadsNowhere) {
  std::filesystem::create_directory_symlink("nowhere", folder_.path() / "target");
  EXPECT_THAT(opening(), fails_with(ErrorKind::Usage, "target is a link to what is not there: make that, or name"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "nowhere"));
}

TEST_F(TargetRootTest, HasAName) {
  options_.target.clear();
  EXPECT_THAT(opening(), fails_with(ErrorKind::Usage, "no target: name a directory"));
}

TEST_F(TargetRootTest, IsNotReadOnly) {
  target_in_memory("ro");
  EXPECT_THAT(opening(), fails_with(ErrorKind::Denied,
                                    "write to the target " + options_.target.string() + ": Read-only file system"));
}

TEST_F(TargetRootTest, IsNotFull) {
  // The target itself takes the only inode.
  target_in_memory("nr_inodes=1");
  EXPECT_THAT(opening(), fails_with(ErrorKind::NoSpace, "write to the target"));
}

TEST_F(TargetRootTest, MayBeWrittenToByWhoRestores) {
  there_directory("");
  as_ordinary_user([&] {
    EXPECT_THAT(opening(), fails_with(ErrorKind::Denied, "write to the target"));
    options_.target /= "below";
    EXPECT_THAT(opening(), fails_with(ErrorKind::Denied, "make the target"));
  });
}

TEST_F(TargetRootTest, IsRemovedWithWhatWasMadeAboveIt) {
  there_directory("");
  options_.target = at("a/./b/");
  const std::vector<std::filesystem::path> missing = missing_directories(options_.target);
  EXPECT_THAT(missing, ElementsAre(folder_.path() / "target/a/b", folder_.path() / "target/a"));
  open_target(options_);
  EXPECT_THAT(missing_directories(options_.target), IsEmpty());

  remove_empty(missing);
  EXPECT_THAT(names_in(folder_.path() / "target"), IsEmpty());
}

TEST_F(TargetRootTest, StaysWithWhatOthersMadeMeanwhile) {
  options_.target = folder_.path() / "a/b/target";
  const std::vector<std::filesystem::path> missing = missing_directories(options_.target);
  open_target(options_);
  std::ofstream(folder_.path() / "a/file") << "x";
  remove_empty(missing);
  EXPECT_THAT(names_in(folder_.path() / "a"), ElementsAre("file"));

  std::ofstream(folder_.path() / "a/b") << "x";
  remove_empty({folder_.path() / "a/b", folder_.path() / "a"});
  EXPECT_THAT(names_in(folder_.path() / "a"), ElementsAre("b", "file"));
}

TEST_F(TargetRootTest, IsNotMadeToBeLookedAt) {
  EXPECT_FALSE(find_target(options_));
  EXPECT_FALSE(std::filesystem::exists(options_.target));
}

}  // namespace
}  // namespace osbackup::restore
