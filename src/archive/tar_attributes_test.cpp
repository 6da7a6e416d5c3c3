#include "archive/tar_attributes.hpp"

#include <gmock/gmock.h>

#include "support/kernel_acl.hpp"

namespace osbackup::archive {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kAcl = test::kernel_acl({{.tag = 0x01, .permissions = 6},
                                           {.tag = 0x02, .permissions = 4, .id = 1000},
                                           {.tag = 0x04, .permissions = 4},
                                           {.tag = 0x10, .permissions = 4},
                                           {.tag = 0x20, .permissions = 0}});

std::string records_of(const std::vector<Attribute>& attributes) {
  std::vector<std::byte> out;
  append_attributes(out, attributes);
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

TEST(TarAttribute, IsStoredUnderItsNameWithItsRawValue) {
  EXPECT_EQ(records_of({{"user.note", "a\n\0=\xff"s}}), "32 SCHILY.xattr.user.note=a\n\0=\xff\n"s);
  EXPECT_EQ(records_of({{"user.empty", ""}}), "28 SCHILY.xattr.user.empty=\n");
  EXPECT_EQ(records_of({{"security.capability", "\x01"}}), "38 SCHILY.xattr.security.capability=\x01\n");
  EXPECT_TRUE(can_be_stored({"user.note", "a\n\0=\xff"s}));
}

TEST(TarAttribute, OfAnAclIsText) {
  EXPECT_EQ(records_of({{"system.posix_acl_access", kAcl}, {"system.posix_acl_default", kAcl}}),
            "77 SCHILY.acl.access=user::rw-,user:1000:r--,group::r--,mask::r--,other::---\n"
            "78 SCHILY.acl.default=user::rw-,user:1000:r--,group::r--,mask::r--,other::---\n");
}

TEST(TarAttribute, OfSelinuxLosesTheNulAtItsEnd) {
  EXPECT_EQ(records_of({{"security.selinux", "u:r:t:s0\0"s}}), "33 RHT.security.selinux=u:r:t:s0\n");
  EXPECT_EQ(records_of({{"security.selinux", "u:r:t:s0"}}), "33 RHT.security.selinux=u:r:t:s0\n");
}

TEST(TarAttribute, IsLeftOutWhenReadersWouldNotRestoreIt) {
  for (const Attribute& attribute :
       {Attribute{"user.a=b", "v"}, Attribute{"user.a%3Db", "v"}, Attribute{"user.a%25b", "v"},
        Attribute{"user.a\0b"s, "v"}, Attribute{"", "v"}, Attribute{"system.posix_acl_access", "junk"},
        Attribute{"system.posix_acl_default", ""}, Attribute{"security.selinux", "\0\0"s}}) {
    EXPECT_FALSE(can_be_stored(attribute)) << attribute.name;
    EXPECT_EQ(records_of({attribute}), "") << attribute.name;
  }
}

TEST(TarAttribute, IsLeftOutWhenTheHeaderWouldBecomeTooLarge) {
  std::vector<Attribute> attributes;
  for (char letter = 'a'; letter <= 'p'; ++letter)
    attributes.push_back({std::string("user.") + letter, std::string(65'536, letter)});
  attributes.push_back({"user.small", "fits still"});

  const std::string records = records_of(attributes);

  EXPECT_LE(records.size(), kAttributeRecordsBytesMax);
  EXPECT_THAT(records, testing::HasSubstr("SCHILY.xattr.user.n="));
  EXPECT_THAT(records, testing::Not(testing::HasSubstr("SCHILY.xattr.user.o=")));
  EXPECT_THAT(records, testing::HasSubstr("SCHILY.xattr.user.small="));
}

TEST(TarAttribute, ThatIsLeftOutCanBeTakenFromTheEntryBefore) {
  Entry entry;
  entry.attributes = {{"security.capability", "x"}, {"user.a=b", "v"}, {"user.c", "v"}};
  const std::string records = records_of(entry.attributes);

  EXPECT_THAT(remove_unstorable_attributes(entry), ElementsAre("user.a=b"));

  EXPECT_THAT(entry.attributes, ElementsAre(Attribute{"security.capability", "x"}, Attribute{"user.c", "v"}));
  EXPECT_EQ(records_of(entry.attributes), records);
  EXPECT_THAT(remove_unstorable_attributes(entry), IsEmpty());
}

TEST(TarAttribute, BeyondTheLimitCanBeTakenFromTheEntryBefore) {
  Entry entry;
  for (char letter = 'a'; letter <= 'p'; ++letter)
    entry.attributes.push_back({std::string("user.") + letter, std::string(65'536, letter)});
  const std::string records = records_of(entry.attributes);

  EXPECT_THAT(remove_unstorable_attributes(entry), ElementsAre("user.o", "user.p"));

  EXPECT_EQ(records_of(entry.attributes), records);
}

}  // namespace
}  // namespace osbackup::archive
