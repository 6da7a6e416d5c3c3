#include "archive/acl_kernel_form.hpp"

#include <gmock/gmock.h>
#include <sys/xattr.h>

#include <fstream>

#include "archive/acl_text.hpp"
#include "support/kernel_acl.hpp"
#include "support/project_file.hpp"
#include "support/temporary_folder.hpp"

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

/// Knows the user bob, 1000, and the group staff, 50.
IdsOfNames names() {
  const auto knows = [](const char* name, std::uint32_t id) {
    return [=](const std::string& asked) { return asked == name ? std::optional(id) : std::nullopt; };
  };
  return {.user = knows("bob", 1000), .group = knows("staff", 50)};
}

TEST(AclKernelForm, IsTheInverseOfTheText) {
  for (const std::string& acl :
       {kernel_acl({kOwner, kUser, kOwningGroup, kGroup, kMask, kOther}), kernel_acl({kOwner, kOwningGroup, kOther}),
        kernel_acl({kOwner,
                    {.tag = 0x02, .permissions = 0, .id = 0},
                    {.tag = 0x02, .permissions = 2, .id = 4'294'967'294},
                    kOwningGroup,
                    kMask,
                    kOther})})
    EXPECT_THAT(acl_kernel_form(acl_text(acl).value()), Optional(acl));
}

TEST(AclKernelForm, ReadsWhatOtherProgramsWrite) {
  const std::string expected = kernel_acl({kOwner, kUser, kOwningGroup, kGroup, kMask, kOther});
  for (const char* text :
       {"user::rw-\nuser:bob:r--\ngroup::r--\ngroup:staff:r-x\t\t\t#effective:r--\nmask::rwx\nother::---\n",
        "user::rw-,user:bob:r--:1,group::r--,group:staff:r-x:2,mask::rwx,other::---",
        "user::rw-,user:nobody here:r--:1000,group::r--,group:neither:r-x:50,mask::rwx,other::---",
        "other::---,mask::rwx,group:50:r-x,group::r--,user:1000:r--,user::rw-", "u::rw,u:1000:r,g::r,g:50:rx,m:rwx,o:-",
        " user::rw- , user:1000:r-- ,\n# a comment, with user::rwx\ngroup::r--,group:50:r-x\r\nmask:rwx,other:---"})
    EXPECT_THAT(acl_kernel_form(text, names()), Optional(expected)) << text;
}

TEST(AclKernelForm, IsNothingForANameWithoutAnId) {
  const char* const text = "user::rw-,user:alice:r--,group::r--,mask::r--,other::---";
  EXPECT_EQ(acl_kernel_form(text), std::nullopt);
  EXPECT_EQ(acl_kernel_form(text, names()), std::nullopt);
}

TEST(AclKernelForm, IsNothingForAnyOtherText) {
  ASSERT_TRUE(acl_kernel_form("user::rw-,group::r--,other::---"));
  for (const char* text :
       {"", ",", "user::rw-", "user::rw-,group::r--", "user::rw-,group::r--,other::---,other::---",
        "user::rw-,user:1:r--,group::r--,other::---", "user::rwxx,group::r--,other::---",
        "user::rwz,group::r--,other::---", "user::,group::r--,other::---", "user:rw-,group::r--,other::---",
        "user::rw-,group::r--,other:5:---", "users::rw-,group::r--,other::---", ":::,user::rw-,group::r--,other::---",
        "user::rw-,user:4294967295:r--,group::r--,mask::r--,other::---",
        "user::rw-,user:4294967296:r--,group::r--,mask::r--,other::---",
        "user::rw-,user:-1:r--,group::r--,mask::r--,other::---"})
    EXPECT_EQ(acl_kernel_form(text), std::nullopt) << text;
}

TEST(AclKernelForm, IsAcceptedAndGivenBackByTheKernel) {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path() / "file").string();
  std::ofstream(file) << "x";
  const std::string acl =
      acl_kernel_form("user::rw-,user:4294967294:r-x,user:0:-w-,group::r--,mask::r--,other::---").value();

  ASSERT_EQ(::setxattr(file.c_str(), "system.posix_acl_access", acl.data(), acl.size(), 0), 0);

  std::string found(1000, '\0');
  const ssize_t bytes = ::getxattr(file.c_str(), "system.posix_acl_access", found.data(), found.size());
  ASSERT_GT(bytes, 0);
  found.resize(static_cast<std::size_t>(bytes));
  EXPECT_EQ(found, acl);
}

TEST(AclKernelForm, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/acl_kernel_form");
  EXPECT_GE(corpus.size(), 5U);
  for (const std::string& text : corpus) {
    const auto acl = acl_kernel_form(text);
    EXPECT_TRUE(!acl || acl_text(*acl)) << text;
  }
}

}  // namespace
}  // namespace osbackup::archive
