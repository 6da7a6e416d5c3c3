#include "backup/scanner.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class ScannerTest : public testing::Test {
 protected:
  fs::path at(const std::string& name) const { return root_ / name; }
  void file(const std::string& name) const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name)) << "content";
  }

  /// The paths that a scan of a directory finds, relative to the test's folder.
  std::vector<std::string> scan(const std::string& directory) {
    Scanner scanner((root_ / directory).string(), rules_, warnings_);
    const std::string prefix = root_.string().substr(1) + "/";
    std::vector<std::string> paths;
    while (const auto object = scanner.next())
      paths.push_back(object->path.starts_with(prefix) ? object->path.substr(prefix.size()) : object->path);
    return paths;
  }

  test::TemporaryFolder folder_;
  fs::path root_ = fs::canonical(folder_.path());
  SelectionRules rules_;
  std::vector<Warning> heard_;
  WarningLog warnings_{[this](const Warning& warning) { heard_.push_back(warning); }};
};

TEST_F(ScannerTest, ComparesPathsComponentByComponent) {
  file("etc/a/b");
  file("etc/a-b");
  file("etc/B");

  EXPECT_THAT(scan("etc"), ElementsAre("etc", "etc/B", "etc/a", "etc/a/b", "etc/a-b"));
}

TEST_F(ScannerTest, FindsNamesOfAnyBytes) {
  file("d/-x");
  file("d/new\nline");
  file("d/\xff\xfe");
  file("d/ q\"uo'te ");

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/ q\"uo'te ", "d/-x", "d/new\nline", "d/\xff\xfe"));
}

TEST_F(ScannerTest, DoesNotFollowLinksInside) {
  file("outside/secret");
  fs::create_directories(at("d"));
  fs::create_directory_symlink(at("outside"), at("d/link"));

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/link"));
}

TEST_F(ScannerTest, RecordsAConfiguredLinkAndTheTreeItLeadsTo) {
  file("real/x");
  fs::create_directory_symlink("real", at("zlink"));
  fs::create_directory_symlink("real", at("alink"));

  EXPECT_THAT(scan("zlink"), ElementsAre("real", "zlink", "real/x"));
  EXPECT_THAT(scan("alink"), ElementsAre("alink", "real", "real/x"));
}

TEST_F(ScannerTest, WarnsOfASocketAndLeavesItOut) {
  file("d/x");
  const int socket_handle = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  at("d/s").string().copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(socket_handle, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(socket_handle);

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/x"));
  ASSERT_EQ(heard_.size(), 1U);
  EXPECT_EQ(heard_[0], (Warning{WarningKind::Note, at("d/s").string(), "a socket, which no archive can hold"}));
}

TEST_F(ScannerTest, DoesNotEnterAMountedVirtualFileSystemAndSaysSo) {
  file("d/x");
  fs::create_directories(at("d/mnt"));
  ASSERT_EQ(mount("none", at("d/mnt").c_str(), "tmpfs", 0, nullptr), 0) << "this test must run as root";
  file("d/mnt/inside");
  rules_.mounts = system::MountTable::current();

  const std::vector<std::string> found = scan("d");
  umount2(at("d/mnt").c_str(), MNT_DETACH);

  EXPECT_THAT(found, ElementsAre("d", "d/mnt", "d/x"));
  ASSERT_EQ(heard_.size(), 1U);
  EXPECT_EQ(heard_[0].reason, "a mounted tmpfs file system, not entered");
}

TEST_F(ScannerTest, PassesOverOsbackupsOwnDirectories) {
  file("d/busy/archive.zip");
  file("d/x");
  struct stat status {};
  ASSERT_EQ(stat(at("d/busy").c_str(), &status), 0);
  rules_.never.emplace(status.st_dev, status.st_ino);

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/x"));
}

TEST_F(ScannerTest, NamesADirectoryThatVanished) {
  file("d/a/x");
  Scanner scanner(at("d").string(), rules_, warnings_);
  fs::remove_all(at("d/a"));

  while (scanner.next()) {
  }

  ASSERT_EQ(heard_.size(), 1U);
  EXPECT_EQ(heard_[0], (Warning{WarningKind::Missing, at("d/a").string(), "vanished before it was read"}));
}

TEST_F(ScannerTest, RefusesWhatIsNotADirectory) {
  file("plain");

  EXPECT_THROW(scan("plain"), Error);
  EXPECT_THROW(scan("missing"), Error);
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(ScannerTest, GoesDeeperThanAPathMayBeLong) {
  constexpr int kDepth = 60;
  const std::string name(100, 'n');
  int directory = open(root_.c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_EQ(mkdirat(directory, name.c_str(), 0700), 0);
    const int deeper = openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY);
    close(directory);
    directory = deeper;
  }
  close(directory);

  EXPECT_EQ(scan(name).size(), static_cast<std::size_t>(kDepth));
}

}  // namespace
}  // namespace osbackup::backup
