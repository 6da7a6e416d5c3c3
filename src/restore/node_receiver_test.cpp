#include "restore/node_receiver.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::entry_of;
using test::link_of;
using test::tells_once;
using testing::ElementsAre;
using testing::IsEmpty;

class NodeReceiverTest : public test::SinkTest {
 protected:
  static archive::Entry device_of(const std::string& path, std::uint32_t major_number, std::uint32_t minor_number) {
    archive::Entry entry = entry_of(EntryType::CharacterDevice, path);
    entry.mode = 0620;
    entry.gid = 5;
    entry.device_major = major_number;
    entry.device_minor = minor_number;
    return entry;
  }
};

TEST_F(NodeReceiverTest, MakesLinksThatMayLeadAnywhere) {
  archive::Entry entry = link_of("link", "/nowhere/../\xff");
  entry.uid = 1000;
  entry.gid = 1001;
  restore(entry);

  EXPECT_EQ(std::filesystem::read_symlink(at("link")), entry.target);
  const struct stat status = status_of("link");
  EXPECT_EQ(status.st_uid, 1000U);
  EXPECT_EQ(status.st_gid, 1001U);
  EXPECT_EQ(status.st_mtim.tv_sec, entry.mtime.tv_sec);
  EXPECT_EQ(status.st_mtim.tv_nsec, entry.mtime.tv_nsec);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(NodeReceiverTest, NeverTouchesWhatALinkLeadsTo) {
  std::ofstream(outside() / "file") << "outside";
  archive::Entry entry = link_of("link", (outside() / "file").string());
  entry.uid = 1000;
  restore(entry);

  struct stat status {};
  ASSERT_EQ(stat((outside() / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
  EXPECT_NE(status.st_mtim.tv_sec, entry.mtime.tv_sec);
}

TEST_F(NodeReceiverTest, MakesFifosAndDevices) {
  archive::Entry fifo = entry_of(EntryType::Fifo, "fifo");
  fifo.mode = 0666;
  fifo.uid = 1000;
  restore(fifo);
  restore(device_of("tty", 4, 300));
  archive::Entry disk = device_of("disk", 259, (1U << 20U) - 1);
  disk.type = EntryType::BlockDevice;
  restore(disk);
  const SinkCounts counts = finish();

  EXPECT_TRUE(S_ISFIFO(status_of("fifo").st_mode));
  EXPECT_EQ(mode_of("fifo"), 0666U) << "whatever the umask";
  EXPECT_EQ(status_of("fifo").st_uid, 1000U);
  EXPECT_EQ(status_of("fifo").st_mtim.tv_nsec, fifo.mtime.tv_nsec);
  EXPECT_TRUE(S_ISCHR(status_of("tty").st_mode));
  EXPECT_EQ(mode_of("tty"), 0620U);
  EXPECT_EQ(status_of("tty").st_gid, 5U);
  EXPECT_EQ(status_of("tty").st_rdev, makedev(4, 300));
  EXPECT_TRUE(S_ISBLK(status_of("disk").st_mode));
  EXPECT_EQ(status_of("disk").st_rdev, makedev(259, (1U << 20U) - 1));
  EXPECT_EQ(counts.fifos, 1U);
  EXPECT_EQ(counts.devices, 2U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(NodeReceiverTest, RefusesNumbersThatWouldBeCutToThoseOfAnotherDevice) {
  restore(device_of("a", 1U << 12U, 1));
  restore(device_of("b", 1, 1U << 20U));

  EXPECT_THAT(told(),
              ElementsAre("refused a: 4096:1 is no device's number", "refused b: 1:1048576 is no device's number"));
  EXPECT_THAT(names_in(options_.target), IsEmpty());
}

TEST_F(NodeReceiverTest, MakesNoDevicesForAnOrdinaryUser) {
  as_ordinary_user([&] { restore(device_of("zero", 1, 5)); });

  EXPECT_THAT(told(), ElementsAre("failed zero: cannot be made: Operation not permitted"));
  EXPECT_FALSE(is_there("zero"));
}

TEST_F(NodeReceiverTest, RefusesALinkToANameThatNoFileCanHave) {
  restore(link_of("link", std::string("a\0b", 3)));
  restore(link_of("empty", ""));

  EXPECT_THAT(told(), ElementsAre("refused link: it is a link to a name that no file can have",
                                  "failed empty: cannot be made: No such file or directory"));
}

TEST_F(NodeReceiverTest, TakesThePlaceOfWhatIsThere) {
  there("fifo");
  there_link("other", "old");
  restore(entry_of(EntryType::Fifo, "fifo"));
  restore(link_of("other", "new"));

  EXPECT_TRUE(S_ISFIFO(status_of("fifo").st_mode));
  EXPECT_EQ(std::filesystem::read_symlink(at("other")), "new");
  EXPECT_THAT(names_in(options_.target), ElementsAre("fifo", "other"));
}

TEST_F(NodeReceiverTest, LeavesNothingBehindWhenItsPlaceIsTaken) {
  there("full/inside");
  restore(link_of("full", "x"));

  EXPECT_THAT(told(), tells_once("refused full", "not empty"));
  EXPECT_THAT(names_in(options_.target), ElementsAre("full"));
}

}  // namespace
}  // namespace osbackup::restore
