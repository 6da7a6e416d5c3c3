#include "system/directory_reader.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "support/temporary_folder.hpp"

namespace osbackup::system {
namespace {

namespace fs = std::filesystem;

class DirectoryReaderTest : public testing::Test {
 protected:
  void file(const std::string& name) const { const std::ofstream made(folder_.path() / name); }
  std::multiset<std::string> names_in(const fs::path& directory) {
    const FileDescriptor handle = open_directory_at(AT_FDCWD, directory.c_str());
    EXPECT_TRUE(handle);
    reader_.begin(handle.get());
    std::multiset<std::string> names;
    while (const char* name = reader_.next()) names.insert(name);
    return names;
  }

  test::TemporaryFolder folder_;
  DirectoryReader reader_;
};

TEST_F(DirectoryReaderTest, GivesEveryNameOnce) {
  std::multiset<std::string> expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string name = "a name that fills more than one buffer " + std::to_string(i);
    file(name);
    expected.insert(name);
  }

  EXPECT_EQ(names_in(folder_.path()), expected);
  EXPECT_EQ(reader_.problem(), 0);
}

TEST_F(DirectoryReaderTest, GivesNamesThatBeginWithDots) {
  for (const char* name : {".a", "..b", "..."}) file(name);

  EXPECT_THAT(names_in(folder_.path()), testing::UnorderedElementsAre(".a", "..b", "..."));
}

TEST_F(DirectoryReaderTest, ReadsOneDirectoryAfterTheOther) {
  fs::create_directory(folder_.path() / "empty");
  EXPECT_THAT(names_in(folder_.path()), testing::UnorderedElementsAre("empty"));
  EXPECT_THAT(names_in(folder_.path() / "empty"), testing::IsEmpty());
}

TEST_F(DirectoryReaderTest, TellsWhyItCouldNotRead) {
  file("file");
  const FileDescriptor handle(open((folder_.path() / "file").c_str(), O_RDONLY | O_CLOEXEC));

  reader_.begin(handle.get());

  EXPECT_EQ(reader_.next(), nullptr);
  EXPECT_EQ(reader_.problem(), ENOTDIR);
}

TEST_F(DirectoryReaderTest, OpensDirectoriesOnly) {
  file("file");
  fs::create_directory_symlink(folder_.path(), folder_.path() / "link");

  EXPECT_FALSE(open_directory_at(AT_FDCWD, (folder_.path() / "file").c_str()));
  EXPECT_FALSE(open_directory_at(AT_FDCWD, (folder_.path() / "link").c_str()));
}

}  // namespace
}  // namespace osbackup::system
