#include "backup/native_engine.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "archive/archive_reader.hpp"
#include "archive/gzip_member_reader.hpp"
#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::SizeIs;

constexpr int kFiles = 1200;  // Enough for several blocks of the index.
constexpr std::uint64_t kArchiveBytesMax = 64U << 20U;

ArchivePlan plan_of(std::vector<std::string> directories, fs::path run_directory) {
  return {.name = {.hostname = "web-1", .ip = "192.0.2.7", .started = {}},
          .run_id = "0a1b2c3d-0000-4000-8000-000000000000",
          .directories = std::move(directories),
          .warnings = {},
          .rules = {},
          .run_directory = std::move(run_directory),
          .threads = 2};
}

class NativeEngineTest : public testing::Test {
 protected:
  NativeEngineTest() {
    for (const char* name : {"run", "first", "second"}) fs::create_directory(at(name));
    std::ofstream(at("first/file")) << "one";
    std::ofstream(at("second/file")) << "two";
  }
  fs::path at(const std::string& name) const { return folder_.path() / name; }
  MadeArchive make(const std::vector<std::string>& directories) {
    std::vector<std::string> paths;
    paths.reserve(directories.size());
    for (const std::string& directory : directories) paths.push_back(at(directory));
    const ArchivePlan plan = plan_of(std::move(paths), at("run"));
    return NativeEngine(archive::Compression::Fast)
        .make(plan, {.progress = progress_, .warnings = warnings_}, spool_, {});
  }

  test::TemporaryFolder folder_;
  Progress progress_;
  std::vector<Warning> heard_;
  WarningLog warnings_{[this](const Warning& warning) { heard_.push_back(warning); }};
  DiskSpool spool_{folder_.path() / "archive.zip"};
};

TEST_F(NativeEngineTest, CountsWhatIsInTheArchive) {
  const MadeArchive made = make({"first", "second"});

  EXPECT_EQ(made.files, 2U);
  EXPECT_EQ(made.source_bytes, 6U);
  EXPECT_EQ(made.bytes, fs::file_size(at("archive.zip")));
  EXPECT_THAT(made.manifest_sha256, SizeIs(64));
  EXPECT_THAT(heard_, SizeIs(0));
}

TEST_F(NativeEngineTest, ADirectoryThatIsNotThereAnyMoreCostsOnlyItself) {
  std::ofstream(at("file")).close();

  const MadeArchive made = make({"file", "first", "gone", "second"});

  EXPECT_EQ(made.files, 2U);
  ASSERT_THAT(heard_, SizeIs(2));
  EXPECT_EQ(heard_[0].path, at("file"));
  EXPECT_THAT(heard_[0].reason, EndsWith("is not a directory: name the directory that holds it, or take it out of "
                                         "[BackupDirs] directory"));
  EXPECT_EQ(heard_[1].path, at("gone"));
  EXPECT_THAT(heard_[1].reason, EndsWith("No such file or directory"));
  EXPECT_EQ(heard_[1].kind, WarningKind::Missing);
}

TEST_F(NativeEngineTest, WhenNoneIsThereAnyMoreThereIsNoArchive) {
  EXPECT_THAT([&] { make({"gone"}); }, test::fails_with(ErrorKind::NotFound, "there is no directory left to archive"));
}

/// A tree with objects of several kinds, and the archive that the engine made of it.
class NativeArchive : public testing::Test {
 protected:
  NativeArchive() {
    std::filesystem::create_directories(tree_ / "many");
    for (int i = 0; i < kFiles; ++i) std::ofstream(tree_ / "many" / ("file-" + std::to_string(i))) << i;
    const auto noise = test::random_bytes({.size = 3U << 20U, .seed = 11});
    std::ofstream(tree_ / "large").write(reinterpret_cast<const char*>(noise.data()), 3U << 20U);
    std::ofstream(tree_ / "quote\"\\\xff\n") << "odd name";
    std::filesystem::create_symlink("nowhere", tree_ / "symlink");
    std::filesystem::create_hard_link(tree_ / "large", tree_ / "second name");
    std::filesystem::create_directory(folder_.path() / "run");
  }

  archive::ArchiveReader made() {
    const ArchivePlan plan = plan_of({tree_.string()}, folder_.path() / "run");
    Progress progress;
    WarningLog warnings([](const Warning&) {});
    const auto file = folder_.path() / "archive.zip";
    DiskSpool spool(file);
    NativeEngine(archive::Compression::Fast).make(plan, {.progress = progress, .warnings = warnings}, spool, {});
    spool.finish();
    const std::string text = system::read_file(file, kArchiveBytesMax);
    const auto bytes = std::as_bytes(std::span(text));
    return archive::ArchiveReader(std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end())));
  }

  std::string in_archive(const std::string& name) const { return (tree_ / name).string().substr(1); }

  test::TemporaryFolder folder_;
  const std::filesystem::path tree_ = folder_.path() / "tree";
};

TEST_F(NativeArchive, ListsEveryObjectOnce) {
  archive::ArchiveReader reader = made();
  std::set<std::string> wanted{tree_.string().substr(1)};
  for (const auto& object : std::filesystem::recursive_directory_iterator(tree_))
    wanted.insert(object.path().string().substr(1));

  std::set<std::string> listed;
  auto lines = reader.list(".");
  while (const auto line = lines.next()) EXPECT_TRUE(listed.insert(line->entry.path).second) << line->entry.path;

  EXPECT_EQ(listed, wanted);
  reader.check_local_headers();
}

TEST_F(NativeArchive, FindsEveryObjectWithItsPlace) {
  archive::ArchiveReader reader = made();
  const archive::ZipPlace directory = reader.manifest()->directories.at(0).place;

  for (int i = 0; i < kFiles; i += 7) {
    const auto found = reader.find(in_archive("many/file-" + std::to_string(i)));
    ASSERT_TRUE(found) << i;
    const archive::ZipPlace place = reader.span_of(*found);
    EXPECT_GE(place.offset, directory.offset);
    EXPECT_LE(place.offset + place.length, directory.offset + directory.length);
    EXPECT_EQ(found->entry.size, std::to_string(i).size());
  }
  EXPECT_EQ(reader.find(in_archive("second name"))->entry.target, in_archive("large"));
  EXPECT_EQ(reader.find(in_archive("symlink"))->entry.target, "nowhere");
  EXPECT_EQ(reader.find(in_archive("quote\"\\\xff\n"))->entry.type, archive::EntryType::File);
  EXPECT_FALSE(reader.find(in_archive("many/file")));
}

TEST_F(NativeArchive, HasTarsWhereItsIndexSaysInTheirMembers) {
  archive::ArchiveReader reader = made();

  const auto found = reader.find(in_archive("many/file-77"));
  const archive::ZipPlace place = reader.span_of(*found);
  std::vector<std::byte> member(place.length);
  reader.bytes()->read(place.offset, member);
  const std::vector<std::byte> tar = archive::GzipMemberReader().content_of(member, archive::kMemberContentMax);

  const std::string text(reinterpret_cast<const char*>(tar.data()), tar.size());
  ASSERT_LT(found->placement.skip, text.size());
  EXPECT_THAT(text.substr(found->placement.skip, 4096), testing::HasSubstr("many/file-77"));
}

}  // namespace
}  // namespace osbackup::backup
