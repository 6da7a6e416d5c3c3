#include "archive/archive_reader.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "archive/gzip_member_reader.hpp"
#include "support/fails_with.hpp"
#include "support/made_archive.hpp"
#include "support/project_file.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;
using test::MadeArchive;
using testing::ElementsAre;

using Paths = std::vector<std::string>;

Paths paths_in(IndexReader::Lines lines) {
  Paths paths;
  while (const auto entry = lines.next()) paths.push_back(entry->entry.path);
  return paths;
}

/// Everything that the index says, as text.
std::string all_that(ArchiveReader& reader) {
  std::string text;
  auto lines = reader.list(".");
  while (const auto line = lines.next()) {
    const ZipPlace place = reader.span_of(*line);
    text += fmt::format("{} {} {} {}\n", line->entry.path, line->entry.size, place.offset, place.length);
  }
  return text;
}

std::shared_ptr<const RangeReader> in_memory(std::vector<std::byte> bytes) {
  return std::make_shared<MemoryRange>(std::move(bytes));
}

MadeArchive small_archive() {
  MadeArchive made;
  made.directories["/etc"] = {{"etc"}, {"etc/a"}, {"etc/a/b"}, {"etc/a-b"}, {"etc/\xff"}};
  made.directories["/mnt"] = {{"mnt/a"}};
  return made;
}

/// A disk of a gigabyte with 200,000 files, behind whose list of blocks more follows than fits the tail.
MadeArchive large_archive() {
  constexpr int kFolders = 200;
  constexpr int kFilesEach = 1000;
  MadeArchive made;
  for (int folder = 0; folder < kFolders; ++folder)
    for (int file = 0; file < kFilesEach; ++file)
      made.directories["/srv"].push_back({fmt::format("srv/{:03}/file-{:04}", folder, file), 5'000});
  for (const std::byte byte : test::random_bytes({.size = 300'000, .seed = 7}))
    made.padding += static_cast<char>('!' + std::to_integer<int>(byte) % 90);
  std::replace(made.padding.begin(), made.padding.end(), '\\', 'x');
  std::replace(made.padding.begin(), made.padding.end(), '"', 'x');
  return made;
}

/// The same, made once.
const auto& large() {
  static const auto kMade = large_archive().build();
  return kMade;
}

TEST(ArchiveReader, FindsEveryPathAndNoOther) {
  ArchiveReader reader(small_archive().build());

  for (const char* path : {"etc", "etc/a", "etc/a/b", "etc/a-b", "etc/\xff", "mnt/a"}) {
    const auto entry = reader.find(path);
    ASSERT_TRUE(entry) << path;
    EXPECT_EQ(entry->entry.path, path);
  }
  for (const char* path : {".", "a", "etc/", "etc/b", "etc/a/", "etc/a/b/c", "mnt", "zz", ""})
    EXPECT_FALSE(reader.find(path)) << path;
}

TEST(ArchiveReader, ListsADirectoryAndWhatLiesBelow) {
  ArchiveReader reader(small_archive().build());

  EXPECT_THAT(paths_in(reader.list("etc/a")), ElementsAre("etc/a", "etc/a/b"));
  EXPECT_THAT(paths_in(reader.list("mnt")), ElementsAre("mnt/a"));
  EXPECT_THAT(paths_in(reader.list("etc/z")), ElementsAre());
  EXPECT_EQ(paths_in(reader.list(".")).size(), 6U);
}

TEST(ArchiveReader, SaysWhereTheMembersOfAnEntryLie) {
  const auto bytes = small_archive().build();
  ArchiveReader reader(bytes);

  const ZipPlace place = reader.span_of(*reader.find("mnt/a"));
  std::vector<std::byte> member(place.length);
  reader.bytes()->read(place.offset, member);
  const std::vector<std::byte> content = GzipMemberReader().content_of(member, 100);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(content.data()), content.size()), "mnt/a");
}

TEST(ArchiveReader, GetsASmallFileOutOfAGigabyteByFourReads) {
  ArchiveReader reader(large());
  ASSERT_GT(reader.zip().entries()[0].bytes, 1'000'000'000U);

  const ZipPlace place = reader.span_of(*reader.find("srv/123/file-0456"));
  std::vector<std::byte> member(place.length);
  reader.bytes()->read(place.offset, member);

  EXPECT_EQ(GzipMemberReader().content_of(member, 100).size(), std::string("srv/123/file-0456").size());
  EXPECT_EQ(reader.count().reads, 4U);
  EXPECT_LT(reader.count().bytes, 2U << 20U);
}

TEST(ArchiveReader, ListsASubtreeOfManyBlocksInOrder) {
  ArchiveReader reader(large());

  const Paths paths = paths_in(reader.list("srv/123"));

  ASSERT_EQ(paths.size(), 1000U);
  EXPECT_EQ(paths.front(), "srv/123/file-0000");
  EXPECT_EQ(paths.back(), "srv/123/file-0999");
  EXPECT_TRUE(std::is_sorted(paths.begin(), paths.end()));
}

TEST(ArchiveReader, ListsAWholeIndexByAFewReads) {
  ArchiveReader reader(large());
  reader.find("srv/123");
  const ReadCount before = reader.count();

  ASSERT_EQ(paths_in(reader.list(".")).size(), 200'000U);

  const std::uint64_t index_bytes = reader.manifest()->index.summary.length;
  EXPECT_LE(reader.count().reads - before.reads, index_bytes / (3U << 20U) + 1);
  EXPECT_EQ(reader.count().bytes - before.bytes, index_bytes);
}

TEST(ArchiveReader, NamesADamagedBlockOfTheIndexAndGoesOnBehindIt) {
  MadeArchive made;
  for (int file = 0; file < 2'000; ++file) made.directories["/srv"].push_back({fmt::format("srv/file-{:04}", file)});
  std::vector<std::byte> bytes = made.build()->all();
  const ManifestList index = ArchiveReader(in_memory(bytes)).manifest()->index;
  bytes[index.offset + index.summary.length / 2] ^= std::byte{1};
  ArchiveReader reader(in_memory(bytes));

  auto lines = reader.list(".");
  Paths paths;
  std::string problem;
  for (bool is_more = true; is_more;) {
    try {
      const auto line = lines.next();
      is_more = line.has_value();
      if (line) paths.push_back(line->entry.path);
    } catch (const Error& error) {
      problem += error.what();
    }
  }

  EXPECT_THAT(problem, testing::MatchesRegex(".*the block at byte [0-9]+ with srv/file-[0-9]+ to srv/file-[0-9]+: "
                                             "the digest does not match the one in the list of blocks"));
  EXPECT_EQ(paths.front(), "srv/file-0000");
  EXPECT_EQ(paths.back(), "srv/file-1999");
  EXPECT_LT(paths.size(), 2'000U);
}

TEST(ArchiveReader, FindsPathsBehindADirectoryThatBeginsTheOrderAnew) {
  MadeArchive made;
  made.directories["/lib"] = {{"lib"}, {"usr/lib"}, {"usr/lib/so"}};
  made.directories["/mnt"] = {{"mnt"}, {"mnt/a"}};
  ArchiveReader reader(made.build());

  EXPECT_TRUE(reader.find("usr/lib/so"));
  EXPECT_TRUE(reader.find("mnt/a"));
  EXPECT_THAT(paths_in(reader.list("mnt")), ElementsAre("mnt", "mnt/a"));
}

TEST(ArchiveReader, OpensAnArchiveWithoutAManifest) {
  test::SparseBytes bytes;
  ZipWriter zip(bytes, {});
  zip.begin_entry("etc.tar.gz");
  zip.end_entry();
  zip.finish();

  const ArchiveReader reader(in_memory(bytes.all()));

  EXPECT_FALSE(reader.manifest());
  EXPECT_EQ(reader.zip().entries().size(), 1U);
  reader.check_local_headers();
}

TEST(ArchiveReader, RefusesAnArchiveOfANewerOsbackup) {
  MadeArchive made = small_archive();
  made.change_manifest_text = [](std::string& text) { text.replace(text.find(":1"), 2, ":2"); };

  EXPECT_THAT([&] { ArchiveReader(made.build()); },
              fails_with(ErrorKind::Usage, "osbackup/manifest.json: the archive was made by a newer osbackup"));
}

TEST(ArchiveReader, RefusesAnEntryThatReachesOutOfItsDirectory) {
  MadeArchive made;
  made.directories["/etc"] = {{"etc"}};
  const std::uint64_t length = ArchiveReader(made.build()).manifest()->directories[0].place.length;
  Placement placement;
  made.change_place = [&](Placement& place) { place = placement; };
  constexpr std::uint64_t kMax = ~std::uint64_t{0};

  for (const Placement& wrong : {Placement{0, 0, 0, length + 1}, Placement{0, 1, 0, length}, Placement{0, kMax, 0, 2},
                                 Placement{0, 1, 0, kMax}, Placement{0, 0, 0, 0}, Placement{1, 0, 0, 1}}) {
    placement = wrong;
    ArchiveReader reader(made.build());
    EXPECT_THAT([&] { reader.find("etc"); }, fails_with(ErrorKind::Corrupt, "the block at byte 0 with etc to "));
  }
  placement = {0, 0, 0, length};
  EXPECT_TRUE(ArchiveReader(made.build()).find("etc"));
}

TEST(ArchiveReader, RefusesAManifestThatTheZipContradicts) {
  int what = 0;
  MadeArchive made = small_archive();
  made.change_manifest = [&](Manifest& manifest) {
    if (what == 0) manifest.index.offset += 1;
    if (what == 1) manifest.blocks.summary.length += 1;
    if (what == 2) manifest.directories[0].place.length = 0;
    if (what == 3) manifest.directories.pop_back();
    if (what == 4) std::swap(manifest.directories[0], manifest.directories[1]);
    if (what == 5) manifest.directories.push_back(manifest.directories[1]);
  };
  const std::vector<std::string> messages = {
      "osbackup/index.jsonl.gz", "osbackup/blocks.jsonl.gz", "etc.tar.gz",
      "2 entries with data",     "etc.tar.gz out of order",  "mnt.tar.gz out of order"};
  for (const std::string& message : messages) {
    EXPECT_THAT([&] { ArchiveReader(made.build()); }, fails_with(ErrorKind::Corrupt, message));
    ++what;
  }
}

TEST(ArchiveReader, RefusesListsThatTheirDigestsContradict) {
  MadeArchive made = small_archive();
  made.change_manifest = [](Manifest& manifest) { manifest.blocks.summary.sha256[7] ^= std::byte{1}; };
  ArchiveReader reader(made.build());

  EXPECT_THAT([&] { reader.find("etc"); },
              fails_with(ErrorKind::Corrupt, "osbackup/blocks.jsonl.gz: the digest does not match"));
}

TEST(ArchiveReader, NoticesALocalHeaderThatSaysSomethingElse) {
  std::vector<std::byte> bytes = small_archive().build()->all();
  bytes[31] ^= std::byte{1};  // In the name of the first entry.
  const ArchiveReader reader(in_memory(bytes));

  EXPECT_THAT([&] { reader.check_local_headers(); },
              fails_with(ErrorKind::Corrupt, "the zip's local header of \"etc.tar.gz\" at byte 0: another name"));
}

/// That an archive, damaged in one place, is refused or says what it did before.
void expect_refused_or_right(std::vector<std::byte> bytes, const std::string& right, const std::string& place) {
  try {
    ArchiveReader reader(in_memory(std::move(bytes)));
    ASSERT_TRUE(reader.manifest()) << place;
    EXPECT_EQ(all_that(reader), right) << place;
    reader.check_local_headers();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << place << ": " << error.what();
  }
}

TEST(ArchiveReader, RefusesAnArchiveThatIsCutOffAnywhere) {
  const std::vector<std::byte> bytes = small_archive().build()->all();

  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THAT(
        [&] {
          ArchiveReader(in_memory({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}));
        },
        fails_with(ErrorKind::Corrupt, ""))
        << size;
}

TEST(ArchiveReader, IsNotMisledByAFlippedBitOfAnyByte) {
  const std::vector<std::byte> bytes = small_archive().build()->all();
  ArchiveReader reader(in_memory(bytes));
  const std::string right = all_that(reader);

  for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
    std::vector<std::byte> damaged = bytes;
    damaged[byte] ^= std::byte{1} << (byte % 8);
    expect_refused_or_right(std::move(damaged), right, fmt::format("bit {} of byte {}", byte % 8, byte));
  }
}

TEST(ArchiveReader, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/archive_reader");
  EXPECT_GE(corpus.size(), 4U);
  int read = 0;
  for (const std::string& text : corpus) {
    const auto bytes = std::as_bytes(std::span(text));
    try {
      ArchiveReader reader(in_memory({bytes.begin(), bytes.end()}));
      read += all_that(reader).empty() ? 0 : 1;
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::Corrupt || error.kind() == ErrorKind::Usage) << error.what();
    }
  }
  EXPECT_GE(read, 2);
}

}  // namespace
}  // namespace osbackup::archive
