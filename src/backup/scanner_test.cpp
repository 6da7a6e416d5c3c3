#include "backup/scanner.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/error.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

/// A tmpfs for the life of the object. `table` calls it what a test needs.
class MountedTmpfs {
 public:
  explicit MountedTmpfs(fs::path point) : point_(std::move(point)) {
    fs::create_directories(point_);
    EXPECT_EQ(mount("none", point_.c_str(), "tmpfs", 0, nullptr), 0) << "this test must run as root";
    EXPECT_EQ(stat(point_.c_str(), &status_), 0);
    std::ofstream(point_ / "inside") << "content";
  }
  MountedTmpfs(const MountedTmpfs&) = delete;
  MountedTmpfs& operator=(const MountedTmpfs&) = delete;
  ~MountedTmpfs() { umount2(point_.c_str(), MNT_DETACH); }

  system::MountTable table(const std::string& type) const {
    return system::MountTable("1 0 " + std::to_string(major(status_.st_dev)) + ":" +
                              std::to_string(minor(status_.st_dev)) + " / " + point_.string() + " rw - " + type +
                              " none rw\n");
  }

 private:
  fs::path point_;
  struct stat status_ {};
};

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

class ScannerTest : public testing::Test {
 protected:
  fs::path at(const std::string& name) const { return root_ / name; }
  void file(const std::string& name) const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name)) << "content";
  }

  void exclude(const std::vector<std::string>& patterns) {
    rules_.exclude = PathPatterns(std::vector<PathPattern>(patterns.begin(), patterns.end()));
  }
  /// A pattern from the root of the file system on.
  std::string anchored(const std::string& pattern) const { return root_.string() + "/" + pattern; }

  std::string relative(const std::string& path) const {
    const std::string prefix = root_.string().substr(1) + "/";
    return path.starts_with(prefix) ? path.substr(prefix.size()) : path;
  }
  /// The paths that are left of a scan, relative to the test's folder.
  std::vector<std::string> rest_of(Scanner& scanner) const {
    std::vector<std::string> paths;
    while (const auto object = scanner.next()) paths.push_back(relative(object->path));
    return paths;
  }
  std::vector<std::string> scan(const std::string& directory) {
    Scanner scanner(at(directory).string(), rules_, warnings_, limits_);
    std::vector<std::string> paths = rest_of(scanner);
    excluded_ = scanner.excluded();
    return paths;
  }
  std::vector<std::string> heard() const {
    std::vector<std::string> lines;
    for (const Warning& warning : heard_) lines.push_back(relative(warning.path.substr(1)) + ": " + warning.reason);
    return lines;
  }

  /// Makes directories of one name inside each other, deeper than a path may be long.
  void deep(const std::string& outermost, const std::string& name, int levels) const {
    fs::create_directories(at(outermost));
    system::FileDescriptor directory(open(at(outermost).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < levels; ++i) {
      ASSERT_EQ(mkdirat(directory.get(), name.c_str(), 0700), 0);
      directory = system::FileDescriptor(openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
  }

  test::TemporaryFolder folder_;
  fs::path root_ = fs::canonical(folder_.path());
  SelectionRules rules_;
  ScanLimits limits_;
  std::uint64_t excluded_ = 0;
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
  const MountedTmpfs mounted(at("d/mnt"));
  rules_.mounts = system::MountTable::current();
  rules_.network_mounts = true;

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/mnt", "d/x"));
  EXPECT_THAT(heard(), ElementsAre("d/mnt: a mounted tmpfs file system, not entered"));
}

TEST_F(ScannerTest, EntersALocalFileSystemUnlessOneIsEnough) {
  const MountedTmpfs mounted(at("d/mnt"));
  rules_.mounts = mounted.table("vfat");
  EXPECT_THAT(scan("d"), ElementsAre("d", "d/mnt", "d/mnt/inside"));
  EXPECT_THAT(heard(), IsEmpty());

  rules_.one_file_system = true;
  EXPECT_THAT(scan("d"), ElementsAre("d", "d/mnt"));
  EXPECT_THAT(heard(), ElementsAre("d/mnt: a mounted vfat file system, not entered (one_file_system = on)"));
}

TEST_F(ScannerTest, TakesADeviceThatIsNotListedForAFileSystemOfItsOwn) {
  const MountedTmpfs mounted(at("d/subvolume"));
  EXPECT_THAT(scan("d"), ElementsAre("d", "d/subvolume", "d/subvolume/inside"));

  rules_.one_file_system = true;
  EXPECT_THAT(scan("d"), ElementsAre("d", "d/subvolume"));
  EXPECT_THAT(heard(), ElementsAre("d/subvolume: a file system of its own, not entered (one_file_system = on)"));
}

TEST_F(ScannerTest, WalksTheConfiguredDirectoryWhateverFileSystemItIs) {
  const MountedTmpfs mounted(at("d"));
  rules_.mounts = system::MountTable::current();
  rules_.one_file_system = true;

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/inside"));
}

TEST_F(ScannerTest, EntersNetworkAndFuseFileSystemsOnlyWhenTheyAreWanted) {
  const MountedTmpfs mounted(at("d/mnt"));
  for (const char* type : {"nfs4", "fuse.sshfs"}) {
    heard_.clear();
    rules_.mounts = mounted.table(type);
    rules_.network_mounts = false;
    EXPECT_THAT(scan("d"), ElementsAre("d"));
    EXPECT_THAT(heard(), ElementsAre(std::string("d/mnt: a mounted ") + type + " file system, left out"));

    rules_.network_mounts = true;
    EXPECT_THAT(scan("d"), ElementsAre("d", "d/mnt", "d/mnt/inside"));
    EXPECT_EQ(heard_.size(), 1U);
  }
}

TEST_F(ScannerTest, LeavesOutWhatIsExcludedAndCountsIt) {
  file("d/a/x.tmp");
  file("d/a/y");
  file("d/node_modules/deep/x");
  file("d/z.tmp");
  exclude({"*.tmp", "node_modules"});

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/a", "d/a/y"));
  EXPECT_EQ(excluded_, 3U);
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(ScannerTest, ReadsAnchoredPatternsFromTheRootOfTheFileSystem) {
  file("d/cache/x");
  file("d/a/cache/x");
  exclude({anchored("d/cache/**"), anchored("a")});

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/a", "d/a/cache", "d/a/cache/x", "d/cache"));
}

TEST_F(ScannerTest, ExcludesDirectoriesOnlyByAPatternWithASlash) {
  file("d/a/cache/x");
  file("d/b/cache");
  fs::create_directory_symlink("a", at("d/c"));
  exclude({"cache/", "c/"});

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/a", "d/b", "d/b/cache", "d/c"));
  EXPECT_EQ(excluded_, 1U);
}

TEST_F(ScannerTest, DoesNotLookAtWhatIsExcluded) {
  const MountedTmpfs mounted(at("d/mnt"));
  rules_.mounts = mounted.table("fuse.gvfsd-fuse");
  for (const char* pattern : {"mnt", "mnt/"}) {
    exclude({pattern});
    EXPECT_THAT(scan("d"), ElementsAre("d"));
    EXPECT_EQ(excluded_, 1U);
    EXPECT_THAT(heard(), IsEmpty());
  }
}

TEST_F(ScannerTest, NeverExcludesAConfiguredDirectoryItself) {
  file("d/sub/d/x");
  file("d/sub/y");
  exclude({"d", anchored("*"), "sub/"});

  EXPECT_THAT(scan("d/sub"), ElementsAre("d/sub", "d/sub/y"));
}

constexpr const char* kTag = "Signature: 8a477f597d28d172789f06886806bc55";

TEST_F(ScannerTest, LooksOnlyAtWhatIsWantedAndTheWayToIt) {
  file("d/a/b/x");
  file("d/a/b-x");
  file("d/a/c/x");
  file("d/e");
  file("d/f");
  rules_.only = {anchored("d/a/b").substr(1), anchored("d/e").substr(1)};

  EXPECT_THAT(scan("d"), ElementsAre("d", "d/a", "d/a/b", "d/a/b/x", "d/e"));
}

TEST_F(ScannerTest, KeepsOfACacheOnlyItsTag) {
  file("d/cache/a/x");
  file("d/cache/b");
  std::ofstream(at("d/cache/CACHEDIR.TAG")) << kTag << "\n# made by a test\n";
  EXPECT_EQ(scan("d").size(), 6U);

  rules_.exclude_caches = true;
  EXPECT_THAT(scan("d"), ElementsAre("d", "d/cache", "d/cache/CACHEDIR.TAG"));
  EXPECT_EQ(excluded_, 2U);
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(scan("d/cache"), testing::SizeIs(5)) << "the user named it";
}

TEST_F(ScannerTest, TakesNoOtherFileForACachesTag) {
  file("d/a/CACHEDIR.TAG");
  file("d/b/CACHEDIR.TAG");
  std::ofstream(at("d/b/CACHEDIR.TAG")) << std::string(kTag).substr(0, 42);
  fs::create_directories(at("d/c"));
  mkfifo(at("d/c/CACHEDIR.TAG").c_str(), 0600);
  fs::create_directories(at("d/e"));
  std::ofstream(at("real-tag")) << kTag;
  fs::create_symlink(at("real-tag"), at("d/e/CACHEDIR.TAG"));
  for (const char* name : {"d/a/x", "d/b/x", "d/c/x", "d/e/x"}) file(name);
  rules_.exclude_caches = true;

  EXPECT_EQ(scan("d").size(), 13U);
  EXPECT_EQ(excluded_, 0U);
}

TEST_F(ScannerTest, GivesTheOpenDirectoriesThatObjectsLieIn) {
  file("d/a/x");
  Scanner scanner(at("d").string(), rules_, warnings_);

  const auto root = scanner.next();
  const auto directory = scanner.next();
  const auto inside = scanner.next();

  ASSERT_TRUE(root && directory && inside);
  EXPECT_EQ(root->parent, nullptr);
  EXPECT_EQ(root->name, at("d").string());
  EXPECT_EQ(directory->parent, root->self);
  EXPECT_EQ(directory->name, "a");
  EXPECT_EQ(inside->parent, directory->self);
  EXPECT_EQ(inside->self, nullptr);
  struct stat status {};
  ASSERT_EQ(fstatat(inside->parent->descriptor.get(), inside->name.c_str(), &status, 0), 0);
  EXPECT_EQ(status.st_ino, inside->status.st_ino);
}

TEST_F(ScannerTest, NamesAConfiguredLinkByItsAbsolutePath) {
  file("real/x");
  fs::create_directory_symlink("real", at("alink"));
  Scanner scanner(at("alink").string(), rules_, warnings_);

  const auto link = scanner.next();
  const auto root = scanner.next();

  EXPECT_EQ(link->name, at("alink").string());
  EXPECT_EQ(link->parent, nullptr);
  EXPECT_EQ(link->self, nullptr);
  EXPECT_EQ(root->name, at("real").string());
  EXPECT_NE(root->self, nullptr);
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
  try {
    scan("plain");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_EQ(error.what(), at("plain").string() +
                                " is not a directory: name the directory that holds it, or take it out of "
                                "[BackupDirs] directory");
  }
  EXPECT_THROW(scan("missing"), Error);
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(ScannerTest, GoesDeeperThanAPathMayBeLong) {
  deep("d", std::string(100, 'n'), 60);

  EXPECT_EQ(scan("d").size(), 61U);
}

TEST_F(ScannerTest, HoldsFewDirectoriesOpenInATreeOfThousandsOfLevels) {
  constexpr int kLevels = 3000;
  limits_.open_levels = 10;
  deep("d", "n", kLevels);
  file("d/z");
  const std::size_t before = open_descriptors();
  std::size_t most = 0;

  Scanner scanner(at("d").string(), rules_, warnings_, limits_);
  std::vector<std::string> paths;
  for (std::size_t count = 0; const auto object = scanner.next(); ++count) {
    paths.push_back(object->path);
    if (count % 100 == 0) most = std::max(most, open_descriptors());
  }

  EXPECT_EQ(paths.size(), kLevels + 2U);
  EXPECT_EQ(relative(paths.back()), "d/z");
  EXPECT_LE(most - before, limits_.open_levels);
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(ScannerTest, FindsItsWayBackWhenADirectoryWasMoved) {
  limits_.open_levels = 2;
  file("d/a/b/c/e/x");
  file("d/a/b/y");
  file("d/a/z");
  Scanner scanner(at("d").string(), rules_, warnings_, limits_);
  while (const auto object = scanner.next())
    if (object->name == "x") break;
  fs::rename(at("d/a/b/c"), at("elsewhere"));

  EXPECT_THAT(rest_of(scanner), ElementsAre("d/a/b/y", "d/a/z"));
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(ScannerTest, NamesTheDirectoriesThatItCannotFindAgainAndGoesOnAbove) {
  limits_.open_levels = 2;
  file("d/a/b/c/e/x");
  file("d/a/b/c/y");
  file("d/a/b/c/z");
  file("d/a/w");
  Scanner scanner(at("d").string(), rules_, warnings_, limits_);
  while (const auto object = scanner.next())
    if (object->name == "x") break;
  fs::rename(at("d/a/b/c/e"), at("elsewhere"));
  fs::rename(at("d/a/b"), at("somewhere"));
  file("d/a/b/c/trap");

  EXPECT_THAT(rest_of(scanner), ElementsAre("d/a/w"));
  EXPECT_THAT(heard(), ElementsAre("d/a/b/c: the directory was moved or removed while it was read: 2 names in it could "
                                   "not be looked at"));
  EXPECT_EQ(heard_[0].kind, WarningKind::Missing);
}

TEST_F(ScannerTest, GivesTheSameWhenNamesHaveNoRoomInMemory) {
  for (const char* directory : {"d/m", "d/m/m", "d/m/m/m"})
    for (int i = 0; i < 400; ++i) file(std::string(directory) + "/name-of-some-length-" + std::to_string(i * 7));
  fs::create_directories(at("spill"));
  rules_.spill_directory = at("spill");
  const std::vector<std::string> expected = scan("d");
  ASSERT_EQ(expected.size(), 1204U);

  limits_.names_bytes = 5000;
  EXPECT_EQ(scan("d"), expected);
  // Each fits, together they do not.
  limits_.names_bytes = 20'000;
  EXPECT_EQ(scan("d"), expected);
}

TEST_F(ScannerTest, EndsWhenThereIsNoRoomForNamesAtAll) {
  for (int i = 0; i < 400; ++i) file("d/name-of-some-length-" + std::to_string(i));
  limits_.names_bytes = 1000;
  rules_.spill_directory = at("missing");

  EXPECT_THROW(scan("d"), Error);
}

}  // namespace
}  // namespace osbackup::backup
