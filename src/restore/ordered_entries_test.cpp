#include "restore/ordered_entries.hpp"

#include <gmock/gmock.h>

#include "support/fails_with.hpp"
#include "support/made_archive.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using testing::ElementsAre;
using testing::IsEmpty;

class OrderedEntriesTest : public testing::Test {
 protected:
  std::vector<archive::IndexEntry> entries(const std::vector<std::string>& paths = {}) {
    archive::ArchiveReader archive(made_.build());
    const auto source =
        entries_in_order(archive, {.paths = paths, .scratch_directory = folder_.path(), .on_trouble = {}, .stop = {}});
    std::vector<archive::IndexEntry> found;
    while (auto entry = source->next()) found.push_back(std::move(*entry));
    return found;
  }
  std::vector<std::string> paths(const std::vector<std::string>& wanted = {}) {
    std::vector<std::string> found;
    for (const archive::IndexEntry& entry : entries(wanted)) found.push_back(entry.entry.path);
    return found;
  }

  test::TemporaryFolder folder_;
  test::MadeArchive made_;
};

TEST_F(OrderedEntriesTest, AreAllOfAnIndex) {
  made_.directories = {{"/etc", {{"etc"}, {"etc/a"}, {"etc/a/b"}, {"etc/a-b"}}}, {"/mnt", {{"mnt"}}}};

  EXPECT_THAT(paths(), ElementsAre("etc", "etc/a", "etc/a/b", "etc/a-b", "mnt"));
}

TEST_F(OrderedEntriesTest, AreThoseBelowEachPath) {
  made_.directories = {{"/etc", {{"etc"}, {"etc/a"}, {"etc/a/b"}, {"etc/a-b"}, {"etc/c"}}}, {"/mnt", {{"mnt"}}}};

  EXPECT_THAT(paths({"etc/a", "etc/b", "etc/c", "mnt"}), ElementsAre("etc/a", "etc/a/b", "etc/c", "mnt"));
  EXPECT_THAT(paths({"etc/b"}), IsEmpty());
}

TEST_F(OrderedEntriesTest, AreInOrderAlsoWhereTheArchiveBeginsItAnew) {
  made_.directories = {{"/lib", {{"lib"}, {"usr/lib"}, {"usr/lib/a"}}},
                       {"/mnt", {{"data"}, {"mnt"}, {"data/x"}}},
                       {"/usr", {{"usr"}, {"usr/lib"}, {"usr/lib/a"}}}};

  EXPECT_THAT(paths(),
              ElementsAre("data", "data/x", "lib", "mnt", "usr", "usr/lib", "usr/lib", "usr/lib/a", "usr/lib/a"));
  EXPECT_THAT(paths({"data", "mnt"}), ElementsAre("data", "data/x", "mnt"));
}

TEST_F(OrderedEntriesTest, HaveWhatTheIndexSays) {
  made_.directories = {{"/etc", {{"etc/a"}}}};
  const auto found = entries();

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().entry.mode, 0644U);
  EXPECT_EQ(found.front().entry.size, 5U);
  EXPECT_EQ(crypto::to_hex(*found.front().digest),
            crypto::to_hex(crypto::sha256(std::as_bytes(std::span("etc/a", 5)))));
}

TEST_F(OrderedEntriesTest, GiveAHardLinkToASymbolicLinkAsThatLink) {
  made_.directories = {{"/etc", {{"etc/a"}, {"etc/b"}, {"etc/c"}}}};
  made_.change_entry = [](archive::Entry& entry) {
    entry.type = entry.path == "etc/a" ? EntryType::Symlink : EntryType::Hardlink;
    entry.target = entry.path == "etc/a" ? "elsewhere" : entry.path == "etc/b" ? "etc/a" : "etc/lost";
    entry.size = 0;
  };
  const auto found = entries({"etc/b", "etc/c"});

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].entry.path, "etc/b");
  EXPECT_EQ(found[0].entry.type, EntryType::Symlink);
  EXPECT_EQ(found[0].entry.target, "elsewhere");
  EXPECT_EQ(found[1].entry.type, EntryType::Hardlink);
}

}  // namespace
}  // namespace osbackup::restore
