#include "client/object_text.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <span>

namespace osbackup::client {
namespace {

using archive::EntryType;

class ObjectTextTest : public testing::Test {
 protected:
  ObjectTextTest() {
    setenv("TZ", "UTC", 1);
    tzset();
    archive::Entry& entry = line_.entry;
    entry.path = "etc/passwd";
    entry.mode = 0644;
    entry.user = "root";
    entry.group = "shadow";
    entry.gid = 42;
    entry.size = 1877;
    entry.mtime = {.tv_sec = 1'772'331'300, .tv_nsec = 5};
    entry.links = 1;
    line_.digest = crypto::sha256(std::span<const std::byte>());
    line_.placement = {.directory = 1, .member = 2, .skip = 512, .span = 3};
  }

  std::string details() const { return object_details(line_.entry, {.message_type = "node"}); }
  std::string json(bool has_index = true) const {
    return object_json(line_, {.message_type = "node", .has_index = has_index});
  }

  archive::IndexEntry line_;
};

TEST_F(ObjectTextTest, IsAPathFromTheRootOn) {
  EXPECT_EQ(object_path(line_.entry, {.message_type = "node"}), "/etc/passwd");
  EXPECT_EQ(object_path(line_.entry, {.message_type = "match", .archive = "a+b+c.zip"}), "a+b+c.zip:/etc/passwd");
  line_.entry.path = ".";
  EXPECT_EQ(object_path(line_.entry, {.message_type = "node"}), "/");
  line_.entry.path = R"(a\n)";
  EXPECT_EQ(object_path(line_.entry, {.message_type = "node"}), R"(/a\\n)");
  line_.entry.path = "a\n\xff";
  EXPECT_EQ(object_path(line_.entry, {.message_type = "node"}), "/a\\n\\xff");
}

TEST_F(ObjectTextTest, ShowsDetailsAsLsDoes) {
  EXPECT_EQ(details(), "-rw-r--r--  1 root     shadow         1877 2026-03-01 02:15 /etc/passwd");
}

TEST_F(ObjectTextTest, ShowsSpecialBits) {
  line_.entry.mode = 07777;
  EXPECT_EQ(details().substr(0, 10), "-rwsrwsrwt");
  line_.entry.mode = 07000;
  EXPECT_EQ(details().substr(0, 10), "---S--S--T");
}

TEST_F(ObjectTextTest, ShowsIdsWithoutNamesAndDeviceNumbers) {
  line_.entry.type = EntryType::BlockDevice;
  line_.entry.user = "";
  line_.entry.uid = 1000;
  line_.entry.device_major = 8;
  line_.entry.device_minor = 1;

  EXPECT_EQ(details(), "brw-r--r--  1 1000     shadow         8, 1 2026-03-01 02:15 /etc/passwd");
}

TEST_F(ObjectTextTest, ShowsWhatLinksLeadTo) {
  line_.entry.target = "etc/shadow";
  line_.entry.type = EntryType::Symlink;
  EXPECT_TRUE(details().ends_with(" /etc/passwd -> etc/shadow"));
  EXPECT_EQ(details().front(), 'l');
  line_.entry.type = EntryType::Hardlink;
  EXPECT_TRUE(details().ends_with(" /etc/passwd link to /etc/shadow"));
}

TEST_F(ObjectTextTest, ShowsTimesThatNoCalendarHas) {
  line_.entry.mtime = {.tv_sec = std::numeric_limits<std::int64_t>::max(), .tv_nsec = 0};

  EXPECT_TRUE(details().ends_with(" 9223372036854775807 /etc/passwd"));
}

TEST_F(ObjectTextTest, HasAllOfTheIndexAsJson) {
  EXPECT_EQ(json(),
            R"({"message_type":"node","path":"etc/passwd","type":"file","mode":"0644","uid":0,"gid":42,"user":"root",)"
            R"("group":"shadow","size":1877,"mtime":"1772331300.000000005","ctime":"0.000000000","dev":0,"inode":0,)"
            R"("nlink":1,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","dir":1,)"
            R"("member":2,"skip":512,"span":3})");
}

TEST_F(ObjectTextTest, HasWhatATarSaysAsJson) {
  line_.entry.sparse = true;

  EXPECT_EQ(json(false),
            R"({"message_type":"node","path":"etc/passwd","type":"file","mode":"0644","uid":0,"gid":42,"user":"root",)"
            R"("group":"shadow","size":1877,"mtime":"1772331300.000000005","holes":true})");
}

TEST_F(ObjectTextTest, NamesTheArchiveInJson) {
  EXPECT_TRUE(object_json(line_, {.message_type = "match", .archive = "a+b+c.zip"})
                  .starts_with(R"({"message_type":"match","archive":"a+b+c.zip","path":"etc/passwd",)"));
}

}  // namespace
}  // namespace osbackup::client
