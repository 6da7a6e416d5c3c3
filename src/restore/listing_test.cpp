#include "restore/listing.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/made_archive.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

using test::fails_with;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> listed(archive::ArchiveReader& archive, const std::string& path, bool with_below = true) {
  Listing listing(archive, {.path = path, .with_below = with_below, .on_trouble = {}});
  std::vector<std::string> paths;
  while (const auto line = listing.next()) paths.push_back(line->entry.path);
  return paths;
}

TEST(Listing, GoesByTheIndex) {
  test::MadeArchive made;
  made.directories["/etc"] = {{"etc"}, {"etc/a"}, {"etc/a/b"}, {"etc/c"}};
  archive::ArchiveReader archive(made.build());

  EXPECT_THAT(listed(archive, "etc/a"), ElementsAre("etc/a", "etc/a/b"));
  EXPECT_THAT(listed(archive, "etc/a", false), ElementsAre("etc/a"));
  EXPECT_THAT(listed(archive, "etc/none"), IsEmpty());
  EXPECT_THAT(listed(archive, "etc/none", false), IsEmpty());
  EXPECT_EQ(listed(archive, ".").size(), 4U);
}

TEST(Listing, GoesThroughTarsWhereThereIsNoIndex) {
  const test::TemporaryFolder folder;
  test::output_of(
      {.text = "mkdir -p etc/a && echo > etc/a/b && echo > etc/c && tar -czf 1.tgz etc && zip -q0 a.zip 1.tgz",
       .directory = folder.path()});
  archive::ArchiveReader archive(std::make_shared<system::FileRange>(folder.path() / "a.zip"));

  EXPECT_THAT(listed(archive, "etc/a"), ElementsAre("etc/a", "etc/a/b"));
  EXPECT_THAT(listed(archive, "etc", false), ElementsAre("etc"));
  EXPECT_THAT(listed(archive, "."), UnorderedElementsAre("etc", "etc/a", "etc/a/b", "etc/c"));
  EXPECT_THAT(listed(archive, "srv"), IsEmpty());
}

TEST(Listing, EndsAfterALossOfAllThatItWouldGoBy) {
  test::MadeArchive made;
  made.directories["/etc"] = {{"etc"}, {"etc/a"}};
  auto bytes = made.build()->all();
  const archive::ManifestList list = archive::ArchiveReader(std::make_shared<MemoryRange>(bytes)).manifest()->blocks;
  bytes[list.offset + list.summary.length / 2] ^= std::byte{1};
  archive::ArchiveReader archive(std::make_shared<MemoryRange>(bytes));

  for (const bool with_below : {true, false}) {
    Listing listing(archive, {.path = "etc", .with_below = with_below, .on_trouble = {}});
    EXPECT_THAT([&] { listing.next(); }, fails_with(ErrorKind::Corrupt, "osbackup/blocks.jsonl.gz"));
    EXPECT_FALSE(listing.next());
  }
}

}  // namespace
}  // namespace osbackup::restore
