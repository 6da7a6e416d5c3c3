#include "restore/tar_entries.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "archive/index_entry.hpp"
#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using archive::IndexEntry;
using testing::ElementsAre;

const std::string kPack = "tar -cf etc.tar --format=posix --sparse --xattrs etc";

/// Archives made with the host's tar and zip.
class TarEntriesTest : public testing::Test {
 protected:
  void run(const std::string& script) const { test::output_of({.text = script, .directory = folder_.path()}); }

  /// What a tar of `etc`, which the script makes and then packs, has.
  std::vector<IndexEntry> entries(const std::string& script, const std::string& pack = kPack) {
    run("mkdir etc && " + script + " && " + pack + " && gzip etc.tar && zip -q0 a.zip etc.tar.gz");
    archive::ArchiveReader archive(std::make_shared<system::FileRange>(folder_.path() / "a.zip"));
    const auto source =
        entries_in_order(archive, {.paths = paths_,
                                   .scratch_directory = folder_.path(),
                                   .on_trouble = [this](const Trouble& trouble) { told_.push_back(to_line(trouble)); },
                                   .progress = &progress_,
                                   .stop = stop_.get_token()});
    std::vector<IndexEntry> found;
    while (auto entry = source->next()) found.push_back(std::move(*entry));
    return found;
  }
  static std::vector<std::string> paths_of(const std::vector<IndexEntry>& entries) {
    std::vector<std::string> paths;
    paths.reserve(entries.size());
    for (const IndexEntry& entry : entries) paths.push_back(entry.entry.path);
    return paths;
  }
  /// As sha256sum(1) prints it.
  std::string digest_by_host(const std::string& file) const {
    return test::output_of({.text = "sha256sum <" + file, .directory = folder_.path()}).substr(0, 64);
  }

  test::TemporaryFolder folder_;
  std::vector<std::string> paths_;
  std::vector<std::string> told_;
  RestoreProgress progress_;
  std::stop_source stop_;
};

TEST_F(TarEntriesTest, AreInTheOrderOfArchivesHoweverTheyLieInTheTar) {
  const auto found = entries("mkdir etc/a && touch etc/a-b etc/a/x etc/B",
                             "tar -cf etc.tar --no-recursion etc/a-b etc/a/x etc/a etc/B etc");

  EXPECT_THAT(paths_of(found), ElementsAre("etc", "etc/B", "etc/a", "etc/a/x", "etc/a-b"));
}

TEST_F(TarEntriesTest, HaveTheDigestsOfTheirContent) {
  const auto found =
      entries("head -c 3000000 /dev/zero >etc/a && echo b >etc/b && truncate -s 40M etc/c && echo c >>etc/c");

  ASSERT_EQ(found.size(), 4U);
  EXPECT_FALSE(found[0].digest);
  for (const std::size_t i : {1U, 2U, 3U})
    EXPECT_EQ(crypto::to_hex(*found[i].digest), digest_by_host(found[i].entry.path)) << found[i].entry.path;
  EXPECT_GE(progress_.bytes, 2U);
}

TEST_F(TarEntriesTest, HaveTheDigestOfTheirAttributes) {
  const auto found = entries("touch etc/a etc/b && setfattr -n user.note -v x etc/b");

  ASSERT_EQ(found.size(), 3U);
  EXPECT_FALSE(found[1].attributes_digest);
  EXPECT_EQ(found[2].attributes_digest, archive::attributes_digest({{.name = "user.note", .value = "x"}}));
}

TEST_F(TarEntriesTest, GiveHardLinksAsWhatTheyLinkTo) {
  // The first name in the tar has the content.
  const auto found = entries("echo x >etc/m && ln etc/m etc/a && ln etc/m etc/z && ln -s y etc/s && ln -P etc/s etc/t");

  ASSERT_THAT(paths_of(found), ElementsAre("etc", "etc/a", "etc/m", "etc/s", "etc/t", "etc/z"));
  for (const std::size_t i : {1U, 2U, 5U}) {
    EXPECT_EQ(found[i].entry.type, EntryType::File) << i;
    EXPECT_EQ(found[i].entry.size, 2U) << i;
    EXPECT_EQ(found[i].digest, found[1].digest) << i;
  }
  EXPECT_EQ(found[4].entry.type, EntryType::Symlink);
  EXPECT_EQ(found[4].entry.target, "y");
}

TEST_F(TarEntriesTest, FollowHardLinksOutOfWhatIsWanted) {
  paths_ = {"etc/a", "etc/z"};
  const auto found = entries("mkdir etc/d && echo x >etc/d/m && ln etc/d/m etc/a && ln etc/d/m etc/z");

  ASSERT_THAT(paths_of(found), ElementsAre("etc/a", "etc/z"));
  EXPECT_EQ(found[0].digest, found[1].digest);
  EXPECT_TRUE(found[0].digest);
}

TEST_F(TarEntriesTest, LeaveAHardLinkToNothingAsItIs) {
  const auto found =
      entries("echo x >etc/a && ln etc/a etc/b", "tar -cf etc.tar etc/a etc/b && tar --delete -f etc.tar etc/a");

  ASSERT_THAT(paths_of(found), ElementsAre("etc/b"));
  EXPECT_EQ(found[0].entry.type, EntryType::Hardlink);
  EXPECT_FALSE(found[0].digest);
}

TEST_F(TarEntriesTest, EndWhenTheyAreStopped) {
  stop_.request_stop();

  EXPECT_THAT([&] { entries("touch etc/a"); }, test::fails_with(ErrorKind::Cancelled, "stopped"));
}

}  // namespace
}  // namespace osbackup::restore
