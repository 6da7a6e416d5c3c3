#include "restore/archived_directories.hpp"

#include <gmock/gmock.h>

#include "support/made_archive.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

using testing::ElementsAre;

TEST(ArchivedDirectories, AreThoseOfTheManifest) {
  test::MadeArchive made;
  made.directories = {{"/etc", {{"etc"}}}, {"/srv/link", {{"data"}}}};

  EXPECT_THAT(archived_directories(archive::ArchiveReader(made.build())), ElementsAre("/etc", "/srv/link"));
}

TEST(ArchivedDirectories, AreToldByTheNamesOfTarsWhenThereIsNoManifest) {
  const test::TemporaryFolder folder;
  test::output_of({.text = "mkdir -p var/lib osbackup && touch etc.tar.gz var/lib.tgz %2F.tar a%0Ab.tar.gz "
                           "osbackup/RESTORE.txt ...tar.gz && zip -q0r a.zip etc.tar.gz var %2F.tar a%0Ab.tar.gz "
                           "osbackup ...tar.gz",
                   .directory = folder.path()});
  const archive::ArchiveReader archive(std::make_shared<system::FileRange>(folder.path() / "a.zip"));

  EXPECT_THAT(archived_directories(archive), testing::UnorderedElementsAre("/etc", "/var/lib", "/", "/a\nb"));
}

}  // namespace
}  // namespace osbackup::restore
