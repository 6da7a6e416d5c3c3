#include "restore/structure_check.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "archive/zip_format.hpp"
#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/tar_archive.hpp"

namespace osbackup::restore {
namespace {

using test::TarArchive;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

/// A finding in this zip entry whose problem has this text in it.
auto found(const std::string& entry, const std::string& problem) {
  return AllOf(Field("entry", &Finding::entry, entry), Field("problem", &Finding::problem, HasSubstr(problem)));
}

class StructureCheckTest : public testing::Test {
 protected:
  StructureCheckTest() {
    const TarArchive::Object linked = TarArchive::file("etc/hosts", "127.0.0.1 localhost\n");
    made_.directories["/etc"] = {TarArchive::directory("etc"), linked, TarArchive::hard_link("etc/hosts2", linked),
                                 TarArchive::file("etc/passwd", "root:x:0:0\n"),
                                 TarArchive::symlink("etc/resolv.conf", "../run/resolv.conf")};
    made_.directories["/srv"] = {TarArchive::directory("srv"), TarArchive::file("srv/a", std::string(5'000, 'a')),
                                 TarArchive::file("srv/b", "b")};
    made_.member_bytes = 2'048;
  }

  std::vector<Finding> check(std::vector<std::byte> bytes) {
    std::vector<Finding> findings;
    FindingLog log([&](const Finding& finding) { findings.push_back(finding); });
    opened_ = check_structure(std::make_shared<MemoryRange>(std::move(bytes)),
                              {.findings = log, .progress = progress_, .stop = {}});
    EXPECT_EQ(log.count(), findings.size());
    return findings;
  }
  std::vector<Finding> check() { return check(made_.build().bytes); }

  /// What is found when a byte is not what it was.
  std::vector<Finding> check_with_flipped(std::uint64_t byte) {
    std::vector<std::byte> bytes = made_.build().bytes;
    bytes.at(byte) ^= std::byte{0x10};
    return check(std::move(bytes));
  }

  TarArchive made_;
  RestoreProgress progress_;
  OpenedArchive opened_;
};

TEST_F(StructureCheckTest, FindsNothingInAGoodArchive) {
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_TRUE(opened_.reader);
  EXPECT_EQ(progress_.objects, 8U);
}

TEST_F(StructureCheckTest, FindsNothingInAnArchiveWithoutDirectoriesAndLines) {
  made_.directories.clear();
  made_.warnings.clear();

  EXPECT_THAT(check(), IsEmpty());
}

TEST_F(StructureCheckTest, FindsNothingAroundADirectoryThatWasConfiguredByALink) {
  made_.directories["/lib"] = {TarArchive::symlink("lib", "usr/lib"), TarArchive::directory("usr/lib"),
                               TarArchive::file("usr/lib/so", "so")};
  made_.directories["/media"] = {TarArchive::directory("a/disk"), TarArchive::symlink("media", "a/disk"),
                                 TarArchive::file("a/disk/x", "x")};

  EXPECT_THAT(check(), IsEmpty());
}

TEST_F(StructureCheckTest, FindsATruncatedArchiveAtEveryLength) {
  const std::vector<std::byte> bytes = made_.build().bytes;

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<Finding> findings = check({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
    ASSERT_EQ(findings.size(), 1U) << size;
    EXPECT_EQ(findings[0].entry, "");
    EXPECT_THAT(findings[0].meaning, HasSubstr("restore --keep-going"));
    EXPECT_FALSE(opened_.zip);
  }
}

/// Whether a byte is of a directory's content, which is not read, or says nothing: a local header's version, time and
/// CRC, since the descriptor has that.
bool is_free(const TarArchive::Built& built, std::uint64_t byte) {
  const auto lies_in = [&](std::uint64_t begin, std::uint64_t length) {
    return byte >= begin && byte < begin + length;
  };
  for (const TarArchive::Member& member : built.members)
    if (lies_in(member.offset, member.length)) return true;
  const archive::ZipDirectory zip(std::make_shared<MemoryRange>(built.bytes));
  return std::any_of(zip.entries().begin(), zip.entries().end(), [&](const archive::ZipEntry& entry) {
    return lies_in(entry.header_offset + 4, 2) || lies_in(entry.header_offset + 10, 8);
  });
}

TEST_F(StructureCheckTest, FindsAFlippedBitOfEveryByteThatSaysSomething) {
  const TarArchive::Built built = made_.build();
  const std::uint64_t directory =
      archive::ZipDirectory(std::make_shared<MemoryRange>(built.bytes)).entries().back().end_limit;

  for (std::uint64_t byte = 0; byte < directory; ++byte) {
    if (is_free(built, byte)) continue;
    std::vector<std::byte> bytes = built.bytes;
    bytes[byte] ^= std::byte{0x10};
    EXPECT_THAT(check(std::move(bytes)), testing::Not(IsEmpty())) << byte;
  }
}

TEST_F(StructureCheckTest, NamesTheEntryWhoseLocalHeaderIsBad) {
  const std::vector<Finding> findings = check_with_flipped(0);

  EXPECT_THAT(findings,
              ElementsAre(found("etc.tar.gz", "the zip's local header of \"etc.tar.gz\" at byte 0: there is none")));
  EXPECT_TRUE(opened_.reader);
}

TEST_F(StructureCheckTest, NamesTheEntryWhoseDescriptorIsBad) {
  const archive::ZipPlace place = made_.build().manifest.directories[1].place;
  const std::uint64_t descriptor = place.offset + place.length;

  for (const std::uint64_t byte : {descriptor, descriptor + 4, descriptor + 8, descriptor + 16})
    EXPECT_THAT(check_with_flipped(byte), ElementsAre(found("srv.tar.gz", "the descriptor behind it"))) << byte;
}

TEST_F(StructureCheckTest, GoesOnWithoutAManifest) {
  const TarArchive::Built built = made_.build();
  const archive::ZipDirectory zip(std::make_shared<MemoryRange>(built.bytes));
  const archive::ZipEntry& manifest = *zip.find(archive::kManifestEntry);
  std::vector<std::byte> bytes = built.bytes;
  bytes[0] ^= std::byte{1};
  bytes[zip.data_offset(manifest) + 5] ^= std::byte{1};

  EXPECT_THAT(check(bytes), ElementsAre(found("", "osbackup/manifest.json: its CRC does not match"),
                                        found("etc.tar.gz", "local header"),
                                        found("osbackup/manifest.json", "its CRC does not match")));
  EXPECT_TRUE(opened_.zip);
  EXPECT_FALSE(opened_.reader);
}

TEST_F(StructureCheckTest, NamesTheListThatIsBadOnce) {
  const archive::Manifest manifest = made_.build().manifest;

  EXPECT_THAT(check_with_flipped(manifest.warnings.offset + 30),
              ElementsAre(found("osbackup/warnings.jsonl.gz", "the digest does not match the manifest's")));
  EXPECT_THAT(check_with_flipped(manifest.blocks.offset + 30),
              ElementsAre(found("osbackup/blocks.jsonl.gz", "the digest does not match the manifest's")));
}

TEST_F(StructureCheckTest, FindsThatTheInstructionsAreBad) {
  const TarArchive::Built built = made_.build();
  const archive::ZipDirectory zip(std::make_shared<MemoryRange>(built.bytes));

  EXPECT_THAT(check_with_flipped(zip.data_offset(*zip.find(archive::kRestoreTextEntry))),
              ElementsAre(found("osbackup/RESTORE.txt", "its CRC does not match")));
}

TEST_F(StructureCheckTest, NamesTheBlockThatIsBadAndChecksTheOthers) {
  // A block for each directory that begins the order anew.
  made_.directories["/lib"] = {TarArchive::symlink("lib", "usr/lib"), TarArchive::directory("usr/lib"),
                               TarArchive::file("usr/lib/so", "so")};
  made_.change_line = [](archive::Entry& entry, archive::Placement& place) {
    if (entry.path == "srv/b") place.skip += 512;
  };
  const archive::Manifest manifest = made_.build().manifest;

  EXPECT_THAT(check_with_flipped(manifest.index.offset + 30),
              ElementsAre(found("osbackup/index.jsonl.gz", "the block at byte 0 with etc to usr/lib/so"),
                          found("osbackup/index.jsonl.gz", "it begins 512 bytes into the member")));
}

TEST_F(StructureCheckTest, FindsADigestOfTheIndexThatItsBlocksDoNotHave) {
  made_.change_manifest = [](archive::Manifest& manifest) { manifest.index.summary.sha256[3] ^= std::byte{1}; };

  EXPECT_THAT(check(), ElementsAre(found("osbackup/index.jsonl.gz", "its digest is not what the manifest says")));
}

/// The archive without what its central directory says of one entry.
std::vector<std::byte> without_record(std::vector<std::byte> bytes, const std::string& name) {
  constexpr std::size_t kEndBytes = 22;
  constexpr std::size_t kRecordBytes = 46;
  const auto name_bytes = std::as_bytes(std::span(name));
  const auto last = std::find_end(bytes.begin(), bytes.end(), name_bytes.begin(), name_bytes.end());
  const std::size_t record_bytes = kRecordBytes + name.size();
  const auto record = last - kRecordBytes;
  bytes.erase(record, record + static_cast<std::ptrdiff_t>(record_bytes));
  const std::size_t end = bytes.size() - kEndBytes;
  const auto lower = [&](std::size_t field, std::size_t by) {
    const unsigned value =
        std::to_integer<unsigned>(bytes[end + field]) + 256 * std::to_integer<unsigned>(bytes[end + field + 1]);
    bytes[end + field] = static_cast<std::byte>(value - by);
    bytes[end + field + 1] = static_cast<std::byte>((value - by) >> 8U);
  };
  lower(8, 1);
  lower(10, 1);
  lower(12, record_bytes);
  return bytes;
}

TEST_F(StructureCheckTest, FindsBytesThatBelongToNothing) {
  const std::vector<std::byte> bytes = made_.build().bytes;

  EXPECT_THAT(check(without_record(bytes, "osbackup/RESTORE.txt")),
              ElementsAre(found("osbackup/warnings.jsonl.gz", "bytes behind it belong to nothing")));
  EXPECT_THAT(check(without_record(bytes, "etc.tar.gz")),
              ElementsAre(found("", "the manifest names etc.tar.gz, which the zip does not have"),
                          found("", "bytes belong to nothing")));
}

TEST_F(StructureCheckTest, SaysThatANewerProgramIsNeeded) {
  test::MadeArchive made;
  made.change_manifest_text = [](std::string& text) { text.replace(text.find(":1"), 2, ":2"); };

  EXPECT_THAT([&] { check(made.build()->all()); }, test::fails_with(ErrorKind::Usage, "newer osbackup"));
}

TEST_F(StructureCheckTest, EndsWhenItIsStopped) {
  FindingLog log([](const Finding&) {});
  std::stop_source stop;
  stop.request_stop();
  const auto object = std::make_shared<MemoryRange>(made_.build().bytes);

  EXPECT_THAT([&] { check_structure(object, {.findings = log, .progress = progress_, .stop = stop.get_token()}); },
              test::fails_with(ErrorKind::Cancelled, "the check was stopped"));
}

}  // namespace
}  // namespace osbackup::restore
