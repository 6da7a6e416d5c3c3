#include "backup/object_opener.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

class LinkTargetTest : public testing::Test {
 protected:
  ScannedObject link_to(const std::string& target) const {
    std::filesystem::create_symlink(target, folder_.path() / "link");
    ScannedObject object;
    object.name = (folder_.path() / "link").string();
    return object;
  }

  test::TemporaryFolder folder_;
};

TEST_F(LinkTargetTest, IsReadAsItIsWhateverSizeTheFileSystemTells) {
  // The longest that a link may have; the status, which tells its size, is empty.
  const std::string target = "\xff\n" + std::string(4093, 't');

  EXPECT_EQ(link_target(link_to(target)), target);
}

}  // namespace
}  // namespace osbackup::backup
