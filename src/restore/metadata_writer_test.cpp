#include "restore/metadata_writer.hpp"

#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sys/xattr.h>

#include <limits>

#include "support/kernel_acl.hpp"
#include "support/shell.hpp"
#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::AclEntry;
using test::directory_of;
using test::FileOf;
using test::link_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr char kAccessAcl[] = "system.posix_acl_access";
constexpr char kDefaultAcl[] = "system.posix_acl_default";

class MetadataWriterTest : public test::SinkTest {
 public:
  ~MetadataWriterTest() override {
    test::run_shell({.text = "test ! -d target || chattr -R -f -ia target", .directory = folder_.path()});
  }

 protected:
  static archive::Entry file(const std::string& path, std::uint32_t mode = 0644) {
    return FileOf{.path = path, .content = "", .mode = mode}.entry();
  }
  std::string attribute(const std::string& path, const char* name) const {
    char value[1000];
    const ssize_t length = lgetxattr(at(path).c_str(), name, value, sizeof(value));
    return length < 0 ? "none" : std::string(value, static_cast<std::size_t>(length));
  }
  std::string flags(const std::string& path) const {
    return test::output_of(
        {.text = "lsattr -d '" + at(path).string() + "' | cut -d' ' -f1 | tr -d -- -e", .directory = folder_.path()});
  }
  /// user::rw-, user 1000 with these permissions, group::r--, mask::rw-, other::---.
  static std::string acl(std::uint32_t permissions) {
    return test::kernel_acl({{.tag = 1, .permissions = 6},
                             {.tag = 2, .permissions = permissions, .id = 1000},
                             {.tag = 4, .permissions = 4},
                             {.tag = 16, .permissions = 6},
                             {.tag = 32, .permissions = 0}});
  }
  static std::string capability() {
    const vfs_cap_data data{.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                            .data = {{1U << 10U, 0}, {0, 0}}};
    return {reinterpret_cast<const char*>(&data), XATTR_CAPS_SZ_2};
  }
  void set_there(const std::string& path, const char* name, const std::string& value) const {
    ASSERT_EQ(lsetxattr(at(path).c_str(), name, value.data(), value.size(), 0), 0);
  }
};

TEST_F(MetadataWriterTest, GivesOwnersByNumber) {
  archive::Entry entry = file("file");
  entry.uid = 12345;
  entry.gid = 54321;
  entry.user = "root";
  restore(entry);

  EXPECT_EQ(status_of("file").st_uid, 12345U);
  EXPECT_EQ(status_of("file").st_gid, 54321U);
}

TEST_F(MetadataWriterTest, GivesEveryModeWhateverTheUmask) {
  const mode_t before = umask(0277);
  for (const std::uint32_t mode : {0U, 0400U, 0666U, 0777U, 01644U, 02755U, 04755U, 06777U, 07777U}) {
    archive::Entry entry = file(std::to_string(mode), mode);
    entry.uid = 1000;
    entry.gid = 1000;
    restore(entry);
    entry.type = EntryType::Directory;
    entry.path = "d" + entry.path;
    restore(entry);
  }
  finish();
  umask(before);

  for (const std::uint32_t mode : {0U, 0400U, 0666U, 0777U, 01644U, 02755U, 04755U, 06777U, 07777U}) {
    EXPECT_EQ(mode_of(std::to_string(mode)), mode);
    EXPECT_EQ(mode_of("d" + std::to_string(mode)), mode);
  }
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MetadataWriterTest, GivesTimesToTheNanosecondAlsoBefore1970) {
  archive::Entry entry = file("old");
  entry.mtime = {.tv_sec = -2, .tv_nsec = 500'000'001};
  restore(entry);

  EXPECT_EQ(status_of("old").st_mtim.tv_sec, -2);
  EXPECT_EQ(status_of("old").st_mtim.tv_nsec, 500'000'001);
}

TEST_F(MetadataWriterTest, TakesNoTimeThatIsNone) {
  archive::Entry entry = file("a");
  entry.mtime.tv_nsec = UTIME_NOW;
  restore(entry);

  EXPECT_THAT(log_.counts().not_set, ElementsAre(Pair("time of modification", 1U)));
  EXPECT_TRUE(is_there("a"));
}

TEST_F(MetadataWriterTest, GivesAttributesAlsoToWhatNobodyMayWriteTo) {
  archive::Entry entry = file("file", 0400);
  entry.uid = 1000;
  entry.attributes = {{.name = "security.capability", .value = capability()},
                      {.name = "security.selinux", .value = std::string("system_u:object_r:etc_t:s0\0", 27)},
                      {.name = "trusted.t", .value = std::string("a\0b", 3)},
                      {.name = "user.empty", .value = ""},
                      {.name = "user.u", .value = "value"}};
  restore(entry);
  archive::Entry directory = directory_of("d");
  directory.attributes = {{.name = "user.u", .value = "of a directory"}};
  restore(directory);
  archive::Entry link = link_of("link", "nowhere");
  link.attributes = {{.name = "trusted.t", .value = "of a link"}};
  restore(link);
  finish();

  for (const archive::Attribute& expected : entry.attributes)
    EXPECT_EQ(attribute("file", expected.name.c_str()), expected.value) << expected.name;
  EXPECT_EQ(mode_of("file"), 0400U);
  EXPECT_EQ(attribute("d", "user.u"), "of a directory");
  EXPECT_EQ(attribute("link", "trusted.t"), "of a link");
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MetadataWriterTest, GivesAcls) {
  archive::Entry entry = file("file", 0660);
  entry.attributes = {{.name = kAccessAcl, .value = acl(6)}};
  restore(entry);
  archive::Entry directory = directory_of("d");
  directory.mode = 02770;
  directory.attributes = {{.name = kAccessAcl, .value = acl(5)}, {.name = kDefaultAcl, .value = acl(7)}};
  restore(directory);
  restore(file("d/plain"));
  finish();

  EXPECT_EQ(attribute("file", kAccessAcl), acl(6));
  EXPECT_EQ(mode_of("file"), 0660U);
  EXPECT_EQ(attribute("d", kDefaultAcl), acl(7));
  EXPECT_EQ(mode_of("d"), 02770U);
  EXPECT_EQ(attribute("d/plain", kAccessAcl), "none") << "what is restored does not inherit";
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MetadataWriterTest, TakesAwayAclsThatTheTargetGives) {
  there_directory("");
  set_there("", kDefaultAcl, acl(7));
  restore(file("file", 0604));
  archive::Entry fifo = test::entry_of(EntryType::Fifo, "fifo");
  restore(fifo);
  restore(directory_of("d"));
  restore(file("d/file"));
  restore(file("missing/file"));
  restore(link_of("x", "y"));
  finish();

  for (const char* path : {"file", "fifo", "d", "d/file", "missing", "missing/file"})
    EXPECT_EQ(attribute(path, kAccessAcl), "none") << path;
  for (const char* path : {"d", "missing"}) EXPECT_EQ(attribute(path, kDefaultAcl), "none") << path;
  EXPECT_EQ(mode_of("file"), 0604U);
  EXPECT_EQ(mode_of("missing"), 0700U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MetadataWriterTest, TakesAwayTheAclThatADirectoryHasAndTheArchiveHasNot) {
  there_directory("d");
  set_there("d", kAccessAcl, acl(7));
  set_there("d", kDefaultAcl, acl(7));
  restore(directory_of("d"));
  finish();

  EXPECT_EQ(attribute("d", kAccessAcl), "none");
  EXPECT_EQ(attribute("d", kDefaultAcl), "none");
  EXPECT_EQ(mode_of("d"), 0755U);
}

TEST_F(MetadataWriterTest, GivesFlagsLast) {
  archive::Entry entry = file("file");
  entry.flags = "Adi";
  restore(entry);
  archive::Entry directory = directory_of("d");
  directory.flags = "Ai";
  restore(directory);
  restore(file("d/inside"));
  archive::Entry two = file("two");
  two.flags = "a";
  two.links = 2;
  restore(two);
  restore(test::hardlink_of("two2", "two"));
  finish();

  EXPECT_EQ(flags("file"), "idA\n");
  EXPECT_EQ(flags("d"), "iA\n");
  EXPECT_TRUE(is_there("d/inside"));
  EXPECT_EQ(flags("two"), "a\n");
  EXPECT_EQ(status_of("two").st_nlink, 2U);
  EXPECT_EQ(status_of("two").st_mtim.tv_nsec, two.mtime.tv_nsec);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MetadataWriterTest, GivesAFileTheTimeOfTheArchiveOnlyWithItsFlags) {
  archive::Entry entry = file("file");
  entry.flags = "i";
  entry.links = 2;
  restore(entry);
  const struct stat before = status_of("file");
  finish();

  EXPECT_NE(before.st_mtim.tv_sec, entry.mtime.tv_sec) << "who is killed here must not find it unchanged";
  EXPECT_EQ(status_of("file").st_mtim.tv_sec, entry.mtime.tv_sec);
  EXPECT_EQ(status_of("file").st_mtim.tv_nsec, entry.mtime.tv_nsec);
  EXPECT_EQ(flags("file"), "i\n");
}

TEST_F(MetadataWriterTest, DoesNotComplainOfAnImmutableDirectoryThatIsAsItShouldBe) {
  archive::Entry entry = directory_of("d");
  entry.flags = "i";
  entry.attributes = {{.name = kAccessAcl, .value = acl(5)}, {.name = "user.u", .value = "value"}};
  entry.mode = 0660;  // As the ACL has it.
  restore(entry);
  begin_again();
  restore(entry);
  finish();
  EXPECT_THAT(told(), IsEmpty());

  entry.mode = 0700;
  entry.attributes[1].value = "values";
  entry.mtime.tv_nsec = 1;
  sink_.reset();
  restore(entry);
  finish();
  EXPECT_THAT(log_.counts().not_set,
              ElementsAre(Pair("extended attribute user.u", 1U), Pair("mode", 1U), Pair("time of modification", 1U)));
}

TEST_F(MetadataWriterTest, GivesFlagsToWhatTakesAnothersPlace) {
  there("file");
  archive::Entry entry = file("file");
  entry.flags = "i";
  restore(entry);

  EXPECT_EQ(flags("file"), "i\n");
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MetadataWriterTest, SaysWhichFlagsTheFileSystemDoesNotHave) {
  archive::Entry entry = file("file");
  entry.flags = "?Ai";
  restore(entry);

  EXPECT_EQ(flags("file"), "iA\n");
  EXPECT_THAT(log_.counts().not_set, ElementsAre(Pair("inode flag ?", 1U)));
}

TEST_F(MetadataWriterTest, CountsForAnOrdinaryUserWhatCannotBeSet) {
  as_ordinary_user([&] {
    for (const char* name : {"a", "b", "c"}) {
      archive::Entry entry = file(name);
      entry.uid = 0;
      entry.gid = kOrdinaryUser;
      entry.flags = "i";
      entry.links = 2;
      entry.attributes = {{.name = "trusted.t", .value = "x"}, {.name = "user.u", .value = "y"}};
      restore(entry);
    }
    finish();
  });

  EXPECT_EQ(attribute("a", "user.u"), "y");
  EXPECT_EQ(status_of("a").st_uid, kOrdinaryUser);
  EXPECT_EQ(status_of("a").st_mtim.tv_nsec, 123'456'789);
  EXPECT_THAT(log_.counts().not_set,
              ElementsAre(Pair("extended attribute trusted.t", 3U), Pair("inode flag i", 3U), Pair("owner", 3U)));
  EXPECT_THAT(told(), testing::SizeIs(3)) << "a line each, not a line a file";
}

TEST_F(MetadataWriterTest, GivesAnOrdinaryUsersFileAttributesAndAnAclThatForbidsToWrite) {
  const std::string read_only = test::kernel_acl({{.tag = 1, .permissions = 4},
                                                  {.tag = 2, .permissions = 4, .id = 1000},
                                                  {.tag = 4, .permissions = 4},
                                                  {.tag = 16, .permissions = 4},
                                                  {.tag = 32, .permissions = 0}});
  as_ordinary_user([&] {
    archive::Entry entry = file("file", 0440);
    entry.uid = kOrdinaryUser;
    entry.gid = kOrdinaryUser;
    entry.attributes = {{.name = kAccessAcl, .value = read_only}, {.name = "user.u", .value = "value"}};
    restore(entry);
    finish();
  });

  EXPECT_EQ(attribute("file", "user.u"), "value");
  EXPECT_EQ(attribute("file", kAccessAcl), read_only);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MetadataWriterTest, GivesAnOrdinaryUsersFileThatNobodyMayReadItsTime) {
  as_ordinary_user([&] {
    archive::Entry entry = file("file", 0);
    entry.flags = "i";
    entry.links = 2;
    restore(entry);
    finish();
  });

  EXPECT_EQ(status_of("file").st_mtim.tv_nsec, 123'456'789);
}

TEST_F(MetadataWriterTest, GivesAnOrdinaryUsersDirectoryTheModeThatLocksHimOutInTheEnd) {
  as_ordinary_user([&] {
    archive::Entry above = directory_of("a");
    archive::Entry below = directory_of("a/b");
    archive::Entry linked = file("a/b/file");
    archive::Entry link = test::hardlink_of("c", "a/b/file");
    for (archive::Entry* entry : {&above, &below, &linked, &link}) entry->uid = entry->gid = kOrdinaryUser;
    above.mode = 0;
    below.mode = 0440;
    for (const archive::Entry& entry : {above, below, linked, link}) restore(entry);
    finish();
  });

  EXPECT_EQ(status_of("c").st_ino, status_of("a/b/file").st_ino);
  EXPECT_EQ(mode_of("a"), 0U);
  EXPECT_EQ(mode_of("a/b"), 0440U);
  EXPECT_EQ(status_of("a").st_mtim.tv_nsec, 123'456'789);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MetadataWriterTest, GivesAnOrdinaryUsersFilesTheirModesAndAttributes) {
  as_ordinary_user([&] {
    archive::Entry entry = file("file", 0444);
    entry.uid = kOrdinaryUser;
    entry.gid = kOrdinaryUser;
    entry.attributes = {{.name = "user.u", .value = "y"}};
    restore(entry, "");
    entry.mode = 04755;
    entry.path = "mine";
    restore(entry);
    archive::Entry directory = directory_of("read-only");
    directory.mode = 0555;
    directory.uid = kOrdinaryUser;
    directory.gid = kOrdinaryUser;
    restore(directory);
    restore(file("read-only/file"));
    finish();
  });

  EXPECT_EQ(mode_of("file"), 0444U);
  EXPECT_EQ(attribute("file", "user.u"), "y");
  EXPECT_EQ(mode_of("mine"), 04755U);
  EXPECT_EQ(mode_of("read-only"), 0555U);
  EXPECT_TRUE(is_there("read-only/file"));
}

TEST_F(MetadataWriterTest, GivesNoSetIdBitsToWhatBelongsToSomebodyElse) {
  as_ordinary_user([&] {
    restore(file("of-root", 06755));
    archive::Entry group = file("of-group", 06755);
    group.uid = kOrdinaryUser;
    restore(group);
    restore(file("sticky", 01755));
    finish();
  });

  EXPECT_EQ(mode_of("of-root"), 0755U);
  EXPECT_EQ(mode_of("of-group"), 0755U);
  EXPECT_EQ(mode_of("sticky"), 01755U);
  EXPECT_EQ(log_.counts().not_set["set-user-ID or set-group-ID bit"], 2U);
}

TEST_F(MetadataWriterTest, TakesNoOwnerThatIsNone) {
  archive::Entry entry = file("a", 04755);
  entry.uid = std::numeric_limits<std::uint32_t>::max();
  restore(entry);

  EXPECT_EQ(mode_of("a"), 0755U) << "it is no file of root's";
  EXPECT_EQ(log_.counts().not_set["owner"], 1U);
}

TEST_F(MetadataWriterTest, DoesNotTakeAttributesWithNamesThatWouldBeCut) {
  archive::Entry entry = file("a");
  entry.attributes = {{.name = std::string("user.a\0b", 8), .value = "x"}};
  restore(entry);

  EXPECT_EQ(attribute("a", "user.a"), "none");
  EXPECT_THAT(told(), ElementsAre(HasSubstr("user.a\\x00b cannot be set: Invalid argument")));
}

}  // namespace
}  // namespace osbackup::restore
