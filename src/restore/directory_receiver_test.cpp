#include "restore/directory_receiver.hpp"

#include <gmock/gmock.h>

#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using test::directory_of;
using test::FileOf;
using testing::ElementsAre;
using testing::IsEmpty;

class DirectoryReceiverTest : public test::SinkTest {
 protected:
  static archive::Entry read_only(const std::string& path) {
    archive::Entry entry = directory_of(path);
    entry.mode = 0555;
    entry.uid = 1000;
    return entry;
  }
  void expect_as_archived(const archive::Entry& entry) const {
    const struct stat status = status_of(entry.path);
    EXPECT_EQ(status.st_mode & 07777U, entry.mode);
    EXPECT_EQ(status.st_uid, entry.uid);
    EXPECT_EQ(status.st_mtim.tv_sec, entry.mtime.tv_sec);
    EXPECT_EQ(status.st_mtim.tv_nsec, entry.mtime.tv_nsec);
  }
};

TEST_F(DirectoryReceiverTest, GetsItsMetadataWhenAllBelowItIsDone) {
  restore(read_only("d"));
  restore(read_only("d/e"));
  restore_file({.path = "d/e/file"});
  EXPECT_EQ(mode_of("d"), 0700U) << "others must not see what is not done";
  EXPECT_EQ(mode_of("d/e"), 0700U);
  restore_file({.path = "d/f"});
  expect_as_archived(read_only("d/e"));
  restore_file({.path = "e"});
  expect_as_archived(read_only("d"));
  finish();

  expect_as_archived(read_only("d"));
  expect_as_archived(read_only("d/e"));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DirectoryReceiverTest, WaitsForReceiversThatAreStillAtWork) {
  const FileOf file{.path = "d/file"};
  restore(read_only("d"));
  auto receiver = sink().receive(file.entry());
  restore_file({.path = "e"});
  EXPECT_EQ(mode_of("d"), 0700U);
  receiver->begin(file.entry());
  receiver->write(0, std::as_bytes(std::span(file.content)));
  receiver->finish();
  EXPECT_EQ(mode_of("d"), 0700U);
  receiver.reset();

  expect_as_archived(read_only("d"));
}

TEST_F(DirectoryReceiverTest, MayBeToldItsMetadataLast) {
  auto directory = sink().receive(read_only("d"));
  restore_file({.path = "d/file"});
  restore_file({.path = "e"});
  directory->begin(read_only("d"));
  directory->finish();
  EXPECT_EQ(mode_of("d"), 0700U);
  directory.reset();

  expect_as_archived(read_only("d"));
}

TEST_F(DirectoryReceiverTest, MayComeBehindWhatLiesInIt) {
  restore_file({.path = "d/e/file"});
  restore(read_only("d/e"));
  restore(read_only("d"));
  restore_file({.path = "d/g"});
  finish();

  expect_as_archived(read_only("d"));
  expect_as_archived(read_only("d/e"));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DirectoryReceiverTest, IsForItsOwnerAloneWhenTheArchiveDoesNotHaveIt) {
  restore_file({.path = "d/e/file"});
  finish();

  EXPECT_EQ(mode_of("d"), 0700U);
  EXPECT_EQ(mode_of("d/e"), 0700U);
}

TEST_F(DirectoryReceiverTest, GivesWhatIsThereItsMetadata) {
  there("d/file", "old");
  restore(read_only("d"));
  restore_file({.path = "d/other"});
  const SinkCounts counts = finish();

  expect_as_archived(read_only("d"));
  EXPECT_EQ(content_of("d/file"), "old");
  EXPECT_EQ(counts.directories, 1U);
  EXPECT_EQ(counts.replaced, 0U);
}

TEST_F(DirectoryReceiverTest, LeavesWhatIsThereAsItIsWhenNothingIsReplaced) {
  there("d/file", "old");
  const mode_t mode = mode_of("d");
  options_.overwrite = Overwrite::Never;
  restore(read_only("d"));
  restore(read_only("d/new"));
  const SinkCounts counts = finish();

  EXPECT_EQ(mode_of("d"), mode);
  expect_as_archived(read_only("d/new"));
  EXPECT_EQ(counts.kept, 1U);
  EXPECT_EQ(counts.directories, 1U);
}

TEST_F(DirectoryReceiverTest, OfTheRootIsTheTarget) {
  there_directory("");
  restore(read_only("."));
  restore_file({.path = "file"});
  finish();

  expect_as_archived(read_only("."));
  EXPECT_EQ(content_of("file"), "content");
}

TEST_F(DirectoryReceiverTest, OfTheRootIsTheTargetThatWasMadeForItAlsoWhenNothingIsReplaced) {
  options_.overwrite = Overwrite::Never;
  restore(read_only("."));
  const SinkCounts counts = finish();

  expect_as_archived(read_only("."));
  EXPECT_EQ(counts.directories, 1U);
}

TEST_F(DirectoryReceiverTest, TakesThePlaceOfAFile) {
  there("d", "old");
  there("e", "old");
  restore(directory_of("d"));
  restore_file({.path = "d/x"});
  restore_file({.path = "e/x"});
  finish();

  EXPECT_EQ(content_of("d/x"), "content");
  EXPECT_EQ(content_of("e/x"), "content");
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DirectoryReceiverTest, GivesThePlaceBackWhenNothingComesOfIt) {
  there("d", "old");
  there("e/f", "old");
  sink().receive(directory_of("d"));
  sink().receive(FileOf{.path = "d/x/y"}.entry());
  sink().receive(FileOf{.path = "e/f/x"}.entry());
  finish();

  EXPECT_EQ(content_of("d"), "old");
  EXPECT_EQ(content_of("e/f"), "old");
  EXPECT_THAT(names_in(options_.target), ElementsAre("d", "e"));
  EXPECT_THAT(names_in(at("e")), ElementsAre("f"));
}

TEST_F(DirectoryReceiverTest, KeepsThePlaceForWhatCameOfIt) {
  there("d", "old");
  sink().receive(directory_of("d"));
  restore_file({.path = "d/x"});
  sink().receive(FileOf{.path = "d/y"}.entry());
  finish();

  EXPECT_THAT(names_in(options_.target), ElementsAre("d"));
  EXPECT_THAT(names_in(at("d")), ElementsAre("x"));
}

TEST_F(DirectoryReceiverTest, TakesThePlaceOfNoFileThatIsKept) {
  there("d", "old");
  options_.overwrite = Overwrite::Never;
  restore(directory_of("d"));
  restore_file({.path = "d/x"});

  EXPECT_EQ(content_of("d"), "old");
  EXPECT_THAT(told(), ElementsAre("failed d: something is there already, and is kept",
                                  "failed d/x: something is there already, and is kept"));
}

TEST_F(DirectoryReceiverTest, OfASecondEntryOfOnePathIsRefused) {
  restore(read_only("d"));
  restore_file({.path = "d/file"});
  restore(directory_of("d"));
  finish();

  expect_as_archived(read_only("d"));
  EXPECT_THAT(told(), ElementsAre("refused d: an entry before it has this path too, and is kept"));
}

TEST_F(DirectoryReceiverTest, LeavesNothingBehindWhenItIsGivenUp) {
  sink().receive(directory_of("d"));
  sink().receive(directory_of("e"));
  restore_file({.path = "e/file"});
  there_directory("f");
  sink().receive(directory_of("f"));
  finish();

  EXPECT_THAT(names_in(options_.target), ElementsAre("e", "f")) << "what is in it is not given up";
}

}  // namespace
}  // namespace osbackup::restore
