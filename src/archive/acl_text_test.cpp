#include "archive/acl_text.hpp"

#include <gmock/gmock.h>

#include "support/kernel_acl.hpp"

namespace osbackup::archive {
namespace {

using test::AclEntry;
using test::kernel_acl;
using testing::Optional;

constexpr AclEntry kOwner{.tag = 0x01, .permissions = 6};
constexpr AclEntry kUser{.tag = 0x02, .permissions = 4, .id = 1000};
constexpr AclEntry kOwningGroup{.tag = 0x04, .permissions = 4};
constexpr AclEntry kGroup{.tag = 0x08, .permissions = 5, .id = 50};
constexpr AclEntry kMask{.tag = 0x10, .permissions = 7};
constexpr AclEntry kOther{.tag = 0x20, .permissions = 0};

TEST(AclText, HasNumericIds) {
  EXPECT_THAT(acl_text(kernel_acl({kOwner, kUser, kOwningGroup, kGroup, kMask, kOther})),
              Optional(std::string("user::rw-,user:1000:r--,group::r--,group:50:r-x,mask::rwx,other::---")));
  EXPECT_THAT(acl_text(kernel_acl({kOwner, kOwningGroup, kOther})),
              Optional(std::string("user::rw-,group::r--,other::---")));
}

TEST(AclText, SaysTheLargestIds) {
  EXPECT_THAT(acl_text(kernel_acl({kOwner,
                                   {.tag = 0x02, .permissions = 1, .id = 0},
                                   {.tag = 0x02, .permissions = 2, .id = 4'294'967'294},
                                   kOwningGroup,
                                   kMask,
                                   kOther})),
              Optional(std::string("user::rw-,user:0:--x,user:4294967294:-w-,group::r--,mask::rwx,other::---")));
}

TEST(AclText, IsNothingForAnAclThatNoKernelAccepts) {
  EXPECT_FALSE(acl_text(kernel_acl({}))) << "no entries";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwningGroup}))) << "no other";
  EXPECT_FALSE(acl_text(kernel_acl({kOwningGroup, kOther}))) << "no owner";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOther}))) << "no owning group";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kUser, kOwningGroup, kOther}))) << "a user and no mask";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwningGroup, kGroup, kOther}))) << "a group and no mask";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwner, kOwningGroup, kOther}))) << "two owners";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwningGroup, kOwningGroup, kOther}))) << "two owning groups";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwningGroup, kMask, kMask, kOther}))) << "two masks";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwningGroup, kOther, kOther}))) << "two others";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwningGroup, kUser, kMask, kOther}))) << "wrong order";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwningGroup, kOther, {.tag = 0x40}}))) << "an unknown tag";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, kOwningGroup, {.tag = 0x20, .permissions = 8}}))) << "unknown permissions";
  EXPECT_FALSE(acl_text(kernel_acl({kOwner, {.tag = 0x02, .id = 0xFFFFFFFF}, kOwningGroup, kMask, kOther})))
      << "an undefined id";
}

TEST(AclText, IsNothingForBytesThatAreNoAcl) {
  const std::string good = kernel_acl({kOwner, kUser, kOwningGroup, kMask, kOther});
  ASSERT_TRUE(acl_text(good));
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes) EXPECT_FALSE(acl_text(good.substr(0, bytes))) << bytes;
  EXPECT_FALSE(acl_text(good + "x"));
  EXPECT_FALSE(acl_text("\x03" + good.substr(1))) << "another version";
  EXPECT_FALSE(acl_text(std::string(3, '\xff')));
}

TEST(AclText, HasALimit) {
  std::vector<AclEntry> entries = {kOwner};
  // As many as the kernel's largest attribute holds, with the header and the four others.
  entries.resize(1 + (65'536 - 4) / 8 - 4, kUser);
  entries.insert(entries.end(), {kOwningGroup, kMask, kOther});
  EXPECT_TRUE(acl_text(kernel_acl(entries)));

  entries.insert(entries.begin() + 1, kUser);
  EXPECT_FALSE(acl_text(kernel_acl(entries)));
}

}  // namespace
}  // namespace osbackup::archive
