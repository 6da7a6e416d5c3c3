#include "restore/target_look.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "restore/target_root.hpp"
#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::entry_of;
using test::FileOf;
using test::link_of;

/// Looks at a target that was restored.
class TargetLookTest : public test::SinkTest {
 protected:
  TargetLookTest() { there_directory(""); }

  bool is_unchanged(const archive::Entry& entry) { return look_.is_unchanged(entry, look_.at(entry.path)); }
  Sight::Kind kind_at(const std::string& path) { return look_.at(path).kind; }

  // By another description than the sink's: it is made when the target is there.
  struct Opened {
    explicit Opened(const SinkOptions& options) {
      std::filesystem::create_directories(options.target);
      target = find_target(options);
    }
    std::optional<system::Beneath> target;
  };
  Opened opened_{options_};
  TargetLook look_{*opened_.target};
};

TEST_F(TargetLookTest, TellsWhatIsThere) {
  there("a/file");
  there_link("a/link", "file");
  there_link("b", "a");

  EXPECT_EQ(kind_at("a/file"), Sight::Kind::Object);
  EXPECT_EQ(kind_at("a/link"), Sight::Kind::Object);
  EXPECT_TRUE(S_ISLNK(look_.at("a/link").status.st_mode));
  EXPECT_EQ(kind_at("a/x"), Sight::Kind::Nothing);
  EXPECT_EQ(kind_at("x/y/z"), Sight::Kind::Nothing);
  EXPECT_EQ(kind_at("b"), Sight::Kind::Object);
  EXPECT_EQ(kind_at("b/file"), Sight::Kind::BehindLink);
  EXPECT_EQ(kind_at("a/file/x"), Sight::Kind::BehindFile);
  EXPECT_EQ(kind_at("."), Sight::Kind::Object);
}

TEST_F(TargetLookTest, FindsUnchangedWhatWasRestored) {
  const FileOf file{.path = "file"};
  const archive::Entry fifo = entry_of(EntryType::Fifo, "fifo");
  archive::Entry device = entry_of(EntryType::CharacterDevice, "null");
  device.device_major = 1;
  device.device_minor = 3;
  const archive::Entry link = link_of("link", "file");
  restore_file(file);
  for (const archive::Entry& entry : {fifo, device, link}) restore(entry);

  EXPECT_TRUE(is_unchanged(file.entry()));
  for (const archive::Entry& entry : {fifo, device, link}) EXPECT_TRUE(is_unchanged(entry)) << entry.path;
}

TEST_F(TargetLookTest, FindsChangedWhatDiffersInAnything) {
  const FileOf file{.path = "file"};
  archive::Entry device = entry_of(EntryType::BlockDevice, "device");
  restore_file(file);
  restore(device);
  restore(link_of("link", "file"));

  archive::Entry other = file.entry();
  other.mtime.tv_nsec += 1;
  EXPECT_FALSE(is_unchanged(other));
  other = file.entry();
  other.size += 1;
  EXPECT_FALSE(is_unchanged(other));
  for (const EntryType type : {EntryType::Fifo, EntryType::Symlink, EntryType::CharacterDevice, EntryType::BlockDevice,
                               EntryType::Directory, EntryType::Hardlink}) {
    other = entry_of(type, "file");
    other.size = file.content.size();
    EXPECT_FALSE(is_unchanged(other));
  }
  device.device_minor = 1;
  EXPECT_FALSE(is_unchanged(device));
  for (const char* target : {"fil", "files", "File", ""}) EXPECT_FALSE(is_unchanged(link_of("link", target))) << target;
  EXPECT_FALSE(is_unchanged(entry_of(EntryType::File, "link")));
}

TEST_F(TargetLookTest, TellsDirectoriesWithSomethingInThem) {
  there("full/x");
  there_directory("empty");
  there("file");

  EXPECT_TRUE(look_.is_full_directory(look_.at("full")));
  EXPECT_FALSE(look_.is_full_directory(look_.at("empty")));
  EXPECT_FALSE(look_.is_full_directory(look_.at("file")));
}

}  // namespace
}  // namespace osbackup::restore
