#include "backup/object_opener.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/temporary_folder.hpp"

namespace {

/// Whether readlinkat finds every link empty, as a damaged or a remote file system may have it.
bool links_are_empty = false;

}  // namespace

/// Stands before the C library's.
extern "C" ssize_t readlinkat(int directory, const char* path, char* buffer, size_t size) noexcept {
  if (links_are_empty) return 0;
  static const auto kReal = reinterpret_cast<decltype(&readlinkat)>(dlsym(RTLD_NEXT, "readlinkat"));
  return kReal(directory, path, buffer, size);
}

namespace osbackup::backup {
namespace {

class LinkTargetTest : public testing::Test {
 protected:
  void TearDown() override { links_are_empty = false; }

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

TEST_F(LinkTargetTest, ThatIsEmptyCannotBeRead) {
  const ScannedObject object = link_to("target");
  links_are_empty = true;

  EXPECT_EQ(link_target(object), std::nullopt);
  EXPECT_EQ(last_problem(), "No data available");
}

}  // namespace
}  // namespace osbackup::backup
