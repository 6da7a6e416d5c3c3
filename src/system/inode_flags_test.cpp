#include "system/inode_flags.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <cerrno>

#include "support/shell.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::system {
namespace {

/// On a file system that has flags, such as ext4.
class InodeFlagsTest : public testing::Test {
 public:
  ~InodeFlagsTest() override { test::run_shell({.text = "chattr -ia file", .directory = folder_.path()}); }

 protected:
  std::string shown() const {
    return test::output_of({.text = "lsattr file | cut -d' ' -f1 | tr -d -- -e", .directory = folder_.path()});
  }

  test::TemporaryFolder folder_;
  FileDescriptor file_ = open_file(folder_.path() / "file", {.flags = O_WRONLY | O_CREAT});
};

TEST_F(InodeFlagsTest, AreThoseThatLsattrShows) {
  test::output_of({.text = "chattr +Ad file", .directory = folder_.path()});
  EXPECT_EQ(inode_flags(file_.get()), "Ad");
}

TEST_F(InodeFlagsTest, AreSetBesidesThoseThatAreThere) {
  test::output_of({.text = "chattr +d file", .directory = folder_.path()});
  EXPECT_TRUE(set_inode_flags(file_.get(), "Ai").empty());
  EXPECT_EQ(shown(), "idA\n");
}

TEST_F(InodeFlagsTest, AreSetAsFarAsTheyCanBe) {
  const std::vector<UnsetFlag> unset = set_inode_flags(file_.get(), "?AD");

  ASSERT_EQ(unset.size(), 2U);
  EXPECT_EQ(unset[0].letter, '?');
  EXPECT_EQ(unset[0].problem, EINVAL);
  EXPECT_EQ(unset[1].letter, 'D') << "which a file cannot have";
  EXPECT_EQ(inode_flags(file_.get()), "A");
}

TEST_F(InodeFlagsTest, AreNoneWhereThereAreNone) {
  const FileDescriptor null = open_file("/dev/null", {.flags = O_RDONLY});
  EXPECT_EQ(inode_flags(null.get()), "");
  EXPECT_EQ(set_inode_flags(null.get(), "A").size(), 1U);
}

}  // namespace
}  // namespace osbackup::system
