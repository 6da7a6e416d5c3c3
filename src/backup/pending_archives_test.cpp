#include "backup/pending_archives.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <fstream>

#include "core/error.hpp"
#include "core/time_format.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PendingArchivesTest : public testing::Test {
 protected:
  archive::ArchiveName name(int hour) const {
    return {.hostname = "h",
            .ip = "192.0.2.1",
            .started = *parse_rfc3339("2026-11-23T00:00:00Z") + std::chrono::hours(hour)};
  }
  fs::path archive(const std::string& content) const {
    std::ofstream(folder_.path() / "archive.zip") << content;
    return folder_.path() / "archive.zip";
  }
  static std::vector<std::string> names(PendingArchives& pending) {
    std::vector<std::string> found;
    for (const PendingArchive& kept : pending.list()) found.push_back(kept.name.text());
    return found;
  }

  PendingArchives open(PendingLimits limits = {}) {
    return {place_, [this](const std::string& line) { losses_.push_back(line); }, limits};
  }

  std::vector<std::string> losses_;
  test::TemporaryFolder folder_;
  fs::path place_ = folder_.path() / "pending";
};

TEST_F(PendingArchivesTest, KeepsAnArchiveWithItsNote) {
  open().keep(archive("zip"), name(1), "the note");

  const std::vector<PendingArchive> kept = open().list();

  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].name.text(), name(1).text());
  EXPECT_EQ(kept[0].note, "the note");
  EXPECT_EQ(system::read_file(kept[0].file, 100), "zip");
  EXPECT_FALSE(fs::exists(folder_.path() / "archive.zip"));
}

TEST_F(PendingArchivesTest, DropsTheOldestBeyondTwoAndSaysSo) {
  PendingArchives pending = open();
  pending.keep(archive("1"), name(1), "");
  pending.keep(archive("2"), name(2), "");

  pending.keep(archive("3"), name(3), "");

  EXPECT_THAT(names(pending), ElementsAre(name(2).text(), name(3).text()));
  EXPECT_THAT(losses_, ElementsAre(HasSubstr(name(1).text() + " of 1 B was dropped")));
}

TEST_F(PendingArchivesTest, RefusesWhatWouldFillTheFileSystem) {
  PendingArchives pending = open({.archives_max = 2, .file_system_share_max = 1e-15});

  EXPECT_THROW(pending.keep(archive("1"), name(1), ""), Error);

  EXPECT_TRUE(fs::exists(folder_.path() / "archive.zip"));
  EXPECT_THAT(names(pending), IsEmpty());
}

TEST_F(PendingArchivesTest, IgnoresWhatItDidNotFinishKeeping) {
  fs::create_directories(place_);
  std::ofstream(place_ / (name(1).text() + ".json")) << "a note without an archive";
  std::ofstream(place_ / (name(2).text() + ".new")) << "half";
  std::ofstream(place_ / "something else") << "";

  PendingArchives pending = open();

  EXPECT_THAT(names(pending), IsEmpty());
  EXPECT_FALSE(fs::exists(place_ / (name(2).text() + ".new")));
  EXPECT_FALSE(fs::exists(place_ / (name(1).text() + ".json")));
}

TEST_F(PendingArchivesTest, SetsAsideWhatBecameShorter) {
  PendingArchives pending = open();
  pending.keep(archive("content"), name(1), "");
  fs::resize_file(pending.list().front().file, 3);

  EXPECT_THAT(names(pending), IsEmpty());

  EXPECT_THAT(losses_, ElementsAre(HasSubstr("is damaged and will not be sent")));
  EXPECT_TRUE(fs::exists(place_ / (name(1).text() + ".damaged")));
}

TEST_F(PendingArchivesTest, SeesThatAByteChanged) {
  PendingArchives pending = open();
  pending.keep(archive("content"), name(1), "");
  EXPECT_TRUE(PendingArchives::is_whole(pending.list().front()));

  std::ofstream(pending.list().front().file) << "contend";

  EXPECT_FALSE(PendingArchives::is_whole(pending.list().front()));
}

TEST_F(PendingArchivesTest, KeepsTheOldOnesWhenThereIsNoRoomForTheNew) {
  fs::create_directories(place_);
  ASSERT_EQ(mount("none", place_.c_str(), "tmpfs", 0, "size=1m"), 0) << "this test must run as root";
  {
    PendingArchives pending = open({.archives_max = 2, .file_system_share_max = 2});
    pending.keep(archive("old"), name(1), "");
    std::ofstream(place_ / "ballast") << std::string(700'000, 'x');

    EXPECT_THROW(pending.keep(archive(std::string(1'200'000, 'n')), name(2), ""), Error);

    EXPECT_THAT(names(pending), ElementsAre(name(1).text()));
  }
  umount2(place_.c_str(), MNT_DETACH);

  EXPECT_TRUE(fs::exists(folder_.path() / "archive.zip"));
  EXPECT_THAT(losses_, IsEmpty());
}

TEST_F(PendingArchivesTest, ForgetsWhatWasSent) {
  PendingArchives pending = open();
  pending.keep(archive("1"), name(1), "");

  pending.remove(pending.list().front());

  EXPECT_TRUE(fs::is_empty(place_));
}

}  // namespace
}  // namespace osbackup::backup
