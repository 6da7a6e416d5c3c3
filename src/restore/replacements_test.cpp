#include "restore/replacements.hpp"

#include <gmock/gmock.h>

#include "support/fails_with.hpp"
#include "support/shell.hpp"
#include "support/sink_test.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

using test::directory_of;
using test::hardlink_of;
using test::tells_once;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class ReplacementsTest : public test::SinkTest {
 protected:
  ReplacementsTest() { there_directory(""); }

  NamePlace place(const char* name) {
    if (!directory_) directory_ = system::open_file(options_.target, {.flags = O_RDONLY | O_DIRECTORY});
    return {.directory = directory_.get(), .name = name};
  }

  system::FileDescriptor directory_;
  ExactNames names_;
};

TEST_F(ReplacementsTest, AllowWhatWasThereBefore) {
  there("file");
  let_the_clock_tick();
  const std::optional<timespec> started = open_target(options_).started;
  ASSERT_TRUE(started) << "this file system does not tell when something was made";

  EXPECT_NO_THROW(Replacements(options_, started).check(place("file"), names_, false));
}

TEST_F(ReplacementsTest, RefuseWhatWasMadeSinceWhenAPathMayComeTwice) {
  const std::optional<timespec> started = open_target(options_).started;
  there("file");
  const timespec old[] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, at("file").c_str(), old, 0), 0);

  EXPECT_THAT([&] { Replacements(options_, started).check(place("file"), names_, false); },
              test::fails_with(ErrorKind::Refused, "an entry before it has this path too"));
  EXPECT_NO_THROW(Replacements(options_, started).check(place("file"), names_, true));
  options_.later_replaces = true;
  EXPECT_NO_THROW(Replacements(options_, started).check(place("file"), names_, false));
}

TEST_F(ReplacementsTest, ReplaceNothingElseThanWhatWasFound) {
  there("file", "found");
  there("temporary", "new");
  Replacements replacements(options_, std::nullopt);
  const struct stat found = *look_at(place("file"));
  there("other", "other");
  std::filesystem::rename(at("other"), at("file"));

  EXPECT_THAT([&] { replacements.replace(place("file"), "temporary", found); },
              test::fails_with(ErrorKind::Refused, "something else got its name"));
  EXPECT_EQ(content_of("file"), "other");
}

TEST_F(ReplacementsTest, TakeAPlaceThatWasLeft) {
  there("file", "found");
  there("temporary", "new");
  Replacements replacements(options_, std::nullopt);
  const struct stat found = *look_at(place("file"));
  std::filesystem::remove(at("file"));
  replacements.replace(place("file"), "temporary", found);

  EXPECT_EQ(content_of("file"), "new");
}

/// A target with attributes of files, chattr(1), that hinder the one who removes it, too.
class LockedTargetTest : public ReplacementsTest {
 public:
  ~LockedTargetTest() override { test::run_shell({.text = "chattr -R -f -ia target", .directory = folder_.path()}); }

 protected:
  LockedTargetTest() {
    there("folder/file");
    there_directory("folder/inside");
  }
  void lock(const std::string& how) const {
    ASSERT_EQ(test::run_shell({.text = "chattr " + how, .directory = options_.target}).exit_code, 0);
  }
};

TEST_F(LockedTargetTest, KeepsWhatLiesInAnAppendOnlyDirectoryAndLeavesNothingBesideIt) {
  lock("+a folder");
  restore_file({.path = "folder/file", .content = "new"});
  restore_file({.path = "folder/free", .content = "new"});

  EXPECT_THAT(told(), tells_once("failed folder/file", "its directory is append-only: chattr -a lets it be replaced"));
  EXPECT_EQ(content_of("folder/file"), "old");
  EXPECT_THAT(names_in(at("folder")), testing::UnorderedElementsAre("file", "free", "inside"));
}

TEST_F(LockedTargetTest, KeepsWhatIsImmutableOrAppendOnly) {
  there("folder/log");
  lock("+i folder/file");
  lock("+a folder/log");
  for (const char* path : {"folder/file", "folder/log"}) restore_file({.path = path, .content = "new"});

  const std::string reason =
      ": what is there is kept, since it is immutable or append-only: chattr -ia lets it be replaced";
  EXPECT_THAT(told(), ElementsAre("failed folder/file" + reason, "failed folder/log" + reason));
  EXPECT_THAT(names_in(at("folder")), testing::UnorderedElementsAre("file", "inside", "log"));
}

/// A target that takes `File` and `file` for the same name: exFAT, by the kernel or by FUSE.
class CaseBlindTargetTest : public test::SinkTest {
 public:
  ~CaseBlindTargetTest() override {
    sink_.reset();
    test::run_shell({.text = "umount target", .directory = folder_.path()});
  }

 protected:
  CaseBlindTargetTest() {
    test::output_of({.text = "truncate -s 16M image && mkfs.exfat image >/dev/null && mkdir target\n"
                             "mount -t exfat -o loop image target 2>/dev/null && exit\n"
                             "loop=$(losetup -f --show image)\n"
                             "mount.exfat-fuse $loop target >/dev/null\n"
                             "losetup -d $loop",
                     .directory = folder_.path()});
  }
};

TEST_F(CaseBlindTargetTest, KeepsTheFirstOfTwoNames) {
  restore_file({.path = "File", .content = "first"});
  restore_file({.path = "file", .content = "second"});
  restore(directory_of("Sub"));
  restore_file({.path = "Sub/a", .content = "first"});
  restore(directory_of("sub"));
  restore_file({.path = "sub/a", .content = "second"});
  finish();

  EXPECT_THAT(names_in(options_.target), ElementsAre("File", "Sub"));
  EXPECT_EQ(content_of("File"), "first");
  EXPECT_EQ(content_of("Sub/a"), "first");
  const std::string why = "the file system takes its name for that of another object";
  const auto refusals = [&] {
    std::vector<std::string> lines;
    for (const std::string& line : told())
      if (line.starts_with("refused")) lines.push_back(line);
    return lines;
  };
  EXPECT_THAT(refusals(), ElementsAre(StartsWith("refused file: " + why),
                                      StartsWith("refused sub: the file system takes sub for another directory"),
                                      StartsWith("refused sub/a: the file system takes sub for another directory")));
}

TEST_F(CaseBlindTargetTest, ReplacesNothingOfAnotherName) {
  there("README", "old");
  restore_file({.path = "readme", .content = "new"});

  EXPECT_EQ(content_of("README"), "old");
  EXPECT_THAT(told(), tells_once("refused readme", "differs in case"));
}

TEST_F(CaseBlindTargetTest, ReplacesWhatHasItsVeryName) {
  there("ReadMe", "old");
  restore_file({.path = "ReadMe", .content = "new"});
  const SinkCounts counts = finish();

  EXPECT_EQ(content_of("ReadMe"), "new");
  EXPECT_THAT(names_in(options_.target), ElementsAre("ReadMe"));
  EXPECT_EQ(counts.replaced, 1U);
}

TEST_F(CaseBlindTargetTest, AsksForWhatItsOtherNameHas) {
  there("README", "old");
  for (const Overwrite overwrite : {Overwrite::IfChanged, Overwrite::Never}) {
    options_.overwrite = overwrite;
    sink_.reset();
    EXPECT_TRUE(sink().wants(test::FileOf{.path = "readme", .content = "old"}.entry())) << "to refuse it by name";
  }
}

}  // namespace
}  // namespace osbackup::restore
