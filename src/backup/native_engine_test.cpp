#include "backup/native_engine.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "support/fails_with.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::SizeIs;

class NativeEngineTest : public testing::Test {
 protected:
  NativeEngineTest() {
    for (const char* name : {"run", "first", "second"}) fs::create_directory(at(name));
    std::ofstream(at("first/file")) << "one";
    std::ofstream(at("second/file")) << "two";
  }
  fs::path at(const std::string& name) const { return folder_.path() / name; }
  MadeArchive make(const std::vector<std::string>& directories) {
    ArchivePlan plan{.name = {.hostname = "h", .ip = "192.0.2.1", .started = {}},
                     .run_id = "0a1b2c3d-0000-4000-8000-000000000000",
                     .directories = {},
                     .warnings = {},
                     .rules = {},
                     .run_directory = at("run"),
                     .threads = 2};
    for (const std::string& directory : directories) plan.directories.push_back(at(directory));
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

}  // namespace
}  // namespace osbackup::backup
