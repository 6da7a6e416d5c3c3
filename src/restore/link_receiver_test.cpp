#include "restore/link_receiver.hpp"

#include <gmock/gmock.h>

#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using test::directory_of;
using test::hardlink_of;
using test::link_of;
using test::tells_once;
using testing::ElementsAre;
using testing::IsEmpty;

using LinkReceiverTest = test::SinkTest;

TEST_F(LinkReceiverTest, GivesAnObjectASecondName) {
  restore_file({.path = "a/first", .mode = 0640});
  archive::Entry link = hardlink_of("b/second", "a/first");
  link.mode = 0777;
  restore(link);

  EXPECT_EQ(status_of("b/second").st_ino, status_of("a/first").st_ino);
  EXPECT_EQ(mode_of("a/first"), 0640U) << "the first name has brought the metadata";
  EXPECT_EQ(finish().hardlinks, 1U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(LinkReceiverTest, LinksALinkAndNotWhatItLeadsTo) {
  std::ofstream(outside() / "file") << "outside";
  restore(link_of("a", (outside() / "file").string()));
  restore(hardlink_of("b", "a"));

  EXPECT_TRUE(S_ISLNK(status_of("b").st_mode));
  EXPECT_EQ(status_of("b").st_ino, status_of("a").st_ino);
}

TEST_F(LinkReceiverTest, TakesThePlaceOfAnotherObject) {
  there("b", "old");
  restore_file({.path = "a", .content = "new"});
  restore(hardlink_of("b", "a"));

  EXPECT_EQ(content_of("b"), "new");
  EXPECT_EQ(finish().replaced, 1U);
  EXPECT_THAT(names_in(options_.target), ElementsAre("a", "b"));
}

TEST_F(LinkReceiverTest, NeverLinksToWhatTheArchiveDoesNotHave) {
  there("a", "another");
  let_the_clock_tick();
  options_.overwrite = Overwrite::Never;
  restore_file({.path = "a"});
  restore(hardlink_of("b", "a"));

  EXPECT_EQ(finish().hardlinks, 0U);
  EXPECT_EQ(content_of("a"), "another");
  EXPECT_THAT(told(), tells_once("failed b: ", "what it links to, a, is in the target and not what the archive has"));
  EXPECT_THAT(names_in(options_.target), ElementsAre("a"));
}

TEST_F(LinkReceiverTest, LinksToWhatAnEarlierRestoreBrought) {
  restore_file({.path = "a"});
  begin_again();
  let_the_clock_tick();
  options_.overwrite = Overwrite::Never;
  restore_file({.path = "a"});
  restore(hardlink_of("b", "a"));

  EXPECT_EQ(finish().hardlinks, 1U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(LinkReceiverTest, IsDoneWhenTheLinkIsThere) {
  restore_file({.path = "a"});
  restore(hardlink_of("b", "a"));
  begin_again();

  options_.overwrite = Overwrite::IfChanged;
  restore_file({.path = "a"});
  restore(hardlink_of("b", "a"));

  const SinkCounts counts = finish();
  EXPECT_EQ(counts.unchanged, 2U);
  EXPECT_EQ(counts.hardlinks, 0U);
}

TEST_F(LinkReceiverTest, FollowsItsTargetWhenThatIsReplaced) {
  restore_file({.path = "a", .content = "old"});
  restore(hardlink_of("b", "a"));
  begin_again();

  options_.overwrite = Overwrite::IfChanged;
  restore_file({.path = "a", .content = "newer"});
  restore(hardlink_of("b", "a"));

  EXPECT_EQ(content_of("b"), "newer");
  EXPECT_EQ(status_of("b").st_ino, status_of("a").st_ino);
}

TEST_F(LinkReceiverTest, KeepsWhatIsThereWhenItNeverReplaces) {
  there("b", "old");
  options_.overwrite = Overwrite::Never;
  restore_file({.path = "a", .content = "new"});
  restore(hardlink_of("b", "a"));

  EXPECT_EQ(content_of("b"), "old");
  EXPECT_EQ(finish().kept, 1U);
}

TEST_F(LinkReceiverTest, RefusesATargetOutside) {
  std::ofstream(outside() / "file") << "outside";
  restore(hardlink_of("a", (outside() / "file").string()));
  restore(hardlink_of("b", "../outside/file"));
  restore(hardlink_of("c", "x/../../outside/file"));

  EXPECT_THAT(told(), ElementsAre(testing::HasSubstr("is absolute"), testing::HasSubstr("leads out"),
                                  testing::HasSubstr("leads out")));
  EXPECT_THAT(names_in(options_.target), IsEmpty());
}

TEST_F(LinkReceiverTest, RefusesATargetBehindALink) {
  std::ofstream(outside() / "file") << "outside";
  restore(link_of("a", outside().string()));
  restore(hardlink_of("b", "a/file"));

  EXPECT_THAT(told(), ElementsAre("refused b: the way to what it links to, a/file, leads over a link"));
  EXPECT_FALSE(is_there("b"));
}

TEST_F(LinkReceiverTest, RefusesADirectory) {
  restore(directory_of("a"));
  restore(hardlink_of("b", "a"));

  EXPECT_THAT(told(), ElementsAre("refused b: what it links to, a, is a directory"));
}

TEST_F(LinkReceiverTest, SaysWhenItsTargetIsNotThere) {
  restore(hardlink_of("b", "a/x"));
  restore(hardlink_of("c", "x"));

  EXPECT_THAT(told(), ElementsAre("failed b: what it links to, a/x, is not in the target",
                                  "failed c: what it links to, x, is not in the target"));
}

TEST_F(LinkReceiverTest, LeavesNothingBehindWhenItsPlaceIsTaken) {
  there("b/inside");
  restore_file({.path = "a"});
  restore(hardlink_of("b", "a"));

  EXPECT_THAT(told(), tells_once("refused b", "not empty"));
  EXPECT_THAT(names_in(options_.target), ElementsAre("a", "b"));
  EXPECT_EQ(status_of("a").st_nlink, 1U);
}

TEST_F(LinkReceiverTest, SaysThatItsTargetLiesOnAnotherFileSystem) {
  there_directory("mounted");
  ASSERT_EQ(mount("none", at("mounted").c_str(), "tmpfs", 0, ""), 0) << "this test must run as root";
  restore_file({.path = "a"});
  restore(hardlink_of("mounted/b", "a"));

  EXPECT_THAT(told(), tells_once("failed mounted/b", "a, lies on another file system: restore this path by itself"));
  EXPECT_THAT(names_in(at("mounted")), IsEmpty());
  EXPECT_EQ(umount2(at("mounted").c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace osbackup::restore
