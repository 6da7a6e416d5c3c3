#include "system/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <limits>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::system {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorKind::Internal, ""};
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

/// A folder on a file system in memory: another one than TemporaryFolder's.
class MemoryFolder {
 public:
  MemoryFolder() {
    std::string pattern = "/dev/shm/osbackup-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory below /dev/shm");
    path_ = pattern;
  }
  ~MemoryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;
  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

/// From now on the kernel says to this thread what it says of a file system that cannot rename without replacing.
bool refuse_renameat2() {
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = std::size(code), .filter = code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

class FileTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;

  fs::path in_folder(const std::string& name) const { return folder_.path() / name; }

  fs::path file_with(const std::string& text) const {
    fs::path path = in_folder("file");
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static std::string content_of(const fs::path& path) { return read_file(path, 64U << 20U); }
  static std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
    return names;
  }
};

TEST_F(FileTest, AFileThatCannotBeOpenedIsNamed) {
  const Error error = error_of([&] { open_file(in_folder("no\nsuch"), {.flags = O_RDONLY}); });
  EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  EXPECT_EQ(error.what(), "open " + folder_.path().string() + "/no\\nsuch: No such file or directory");
}

TEST_F(FileTest, OpenedFilesAreClosedInPrograms) {
  const FileDescriptor file = open_file(file_with("x"), {.flags = O_RDONLY});
  EXPECT_NE(fcntl(file.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(FileTest, ANameIsOpenedBelowAnOpenDirectory) {
  file_with("text");
  const FileDescriptor directory = open_file(folder_.path(), {.flags = O_RDONLY | O_DIRECTORY});
  const FileDescriptor file = open_file_at(directory, "file", {.flags = O_RDONLY});
  EXPECT_EQ(read_file(file, 4, "file"), "text");
}

TEST_F(FileTest, AFullDeviceIsNoSpace) {
  const FileDescriptor full = open_file("/dev/full", {.flags = O_WRONLY});
  const Error error = error_of([&] { write_all(full, "x", "the log"); });
  EXPECT_EQ(error.kind(), ErrorKind::NoSpace);
  EXPECT_STREQ(error.what(), "write the log: No space left on device");
}

TEST_F(FileTest, AFileIsReadUpToItsLimitAndNotBeyond) {
  const std::string text(100'000, 'x');
  const fs::path path = file_with(text);
  EXPECT_EQ(read_file(path, 100'000), text);
  const Error error = error_of([&] { read_file(path, 99'999); });
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_EQ(error.what(), path.string() + " is longer than 99999 bytes");
}

TEST_F(FileTest, ADurableWriteReplacesTheFileAndLeavesNothingElse) {
  const fs::path path = file_with("old");
  chmod(path.c_str(), 0644);
  write_file_durably(path, "new");
  EXPECT_EQ(content_of(path), "new");
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("file"));
}

TEST_F(FileTest, ADurableWriteLeavesWhoReadsTheOldFileAlone) {
  const fs::path path = file_with("old");
  const FileDescriptor reader = open_file(path, {.flags = O_RDONLY});
  write_file_durably(path, "new");
  EXPECT_EQ(read_file(reader, 100, "file"), "old");
}

TEST_F(FileTest, ADurableWriteReplacesALinkAndNotItsTarget) {
  const fs::path target = file_with("old");
  fs::create_symlink(target, in_folder("link"));
  write_file_durably(in_folder("link"), "new");
  EXPECT_EQ(content_of(target), "old");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(in_folder("link"))));
}

TEST_F(FileTest, ADurableWriteUsesNothingThatAnEarlierRunLeft) {
  const fs::path other = file_with("other");
  chmod(other.c_str(), 0644);
  fs::create_hard_link(other, in_folder("last.new"));
  write_file_durably(in_folder("last"), "name");
  EXPECT_EQ(content_of(other), "other");
  EXPECT_EQ(mode_of(in_folder("last")), 0600U);

  ASSERT_EQ(mkfifo(in_folder("last.new").c_str(), 0600), 0);
  write_file_durably(in_folder("last"), "name 2");
  EXPECT_EQ(content_of(in_folder("last")), "name 2");
}

TEST_F(FileTest, ADurableWriteThatFailsLeavesTheOldState) {
  fs::create_directory(in_folder("directory"));
  std::ofstream(in_folder("directory/x")) << "x";
  error_of([&] { write_file_durably(in_folder("directory"), "text"); });
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("directory"));
}

TEST_F(FileTest, ADurableWriteTakesABareName) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  EXPECT_NO_THROW(write_file_durably("bare", "text"));
  fs::current_path(before);
  EXPECT_EQ(content_of(in_folder("bare")), "text");
}

TEST_F(FileTest, AMoveReplacesTheTarget) {
  const fs::path from = file_with("new");
  std::ofstream(in_folder("to")) << "old";
  move_file(from, in_folder("to"));
  EXPECT_EQ(content_of(in_folder("to")), "new");
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("to"));
}

TEST_F(FileTest, AMoveToAnotherFileSystemCopiesEveryByte) {
  const MemoryFolder memory;
  struct stat here {
  }, there{};
  ASSERT_EQ(stat(folder_.path().c_str(), &here), 0);
  ASSERT_EQ(stat(memory.path().c_str(), &there), 0);
  ASSERT_NE(here.st_dev, there.st_dev) << "both folders are on one file system";
  std::string text;
  for (int i = 0; i < 500'000; ++i) text += std::to_string(i);
  const fs::path from = file_with(text);
  std::ofstream(memory.path() / "to") << "old";

  move_file(from, memory.path() / "to");

  EXPECT_EQ(content_of(memory.path() / "to"), text);
  EXPECT_EQ(mode_of(memory.path() / "to"), 0600U);
  EXPECT_THAT(names_in(memory.path()), ElementsAre("to"));
  EXPECT_FALSE(fs::exists(from));
}

TEST_F(FileTest, AMoveThatFailsKeepsTheFile) {
  const MemoryFolder memory;
  const fs::path from = file_with("text");
  fs::create_directory(memory.path() / "to");
  std::ofstream(memory.path() / "to/x") << "x";
  error_of([&] { move_file(from, memory.path() / "to"); });
  EXPECT_EQ(content_of(from), "text");
  EXPECT_THAT(names_in(memory.path()), ElementsAre("to"));
}

TEST_F(FileTest, AFreeNameIsGivenAndATakenOneIsNot) {
  file_with("new");
  std::ofstream(in_folder("taken")) << "old";
  fs::create_symlink("nowhere", in_folder("link"));
  const FileDescriptor folder = open_file(folder_.path(), {.flags = O_RDONLY | O_DIRECTORY});

  for (const char* name : {"taken", "link"}) {
    EXPECT_FALSE(rename_to_free_name(folder.get(), "file", name));
    EXPECT_EQ(errno, EEXIST);
  }
  EXPECT_TRUE(rename_to_free_name(folder.get(), "file", "free"));
  EXPECT_THAT(names_in(folder_.path()), testing::UnorderedElementsAre("free", "link", "taken"));
  EXPECT_EQ(content_of(in_folder("free")), "new");
  EXPECT_EQ(content_of(in_folder("taken")), "old");
}

TEST_F(FileTest, AFreeNameIsGivenWhereEveryRenameWouldReplace) {
  file_with("new");
  std::ofstream(in_folder("taken")) << "old";
  const FileDescriptor folder = open_file(folder_.path(), {.flags = O_RDONLY | O_DIRECTORY});

  std::jthread([&] {
    ASSERT_TRUE(refuse_renameat2());
    EXPECT_FALSE(rename_to_free_name(folder.get(), "file", "taken"));
    EXPECT_EQ(errno, EEXIST);
    EXPECT_TRUE(rename_to_free_name(folder.get(), "file", "free"));
  }).join();
  EXPECT_THAT(names_in(folder_.path()), testing::UnorderedElementsAre("free", "taken"));
  EXPECT_EQ(content_of(in_folder("free")), "new");
  EXPECT_EQ(content_of(in_folder("taken")), "old");
}

TEST_F(FileTest, AMoveOfNothingNamesBoth) {
  const Error error = error_of([&] { move_file(in_folder("a"), in_folder("b")); });
  EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  EXPECT_EQ(error.what(),
            "move " + in_folder("a").string() + " to " + in_folder("b").string() + ": No such file or directory");
}

TEST_F(FileTest, NewDirectoriesArePrivateAtTheEndAndPassableAbove) {
  const mode_t before = umask(022);
  make_directories(in_folder("a/b/c/"));
  umask(before);
  EXPECT_EQ(mode_of(in_folder("a")), 0755U);
  EXPECT_EQ(mode_of(in_folder("a/b")), 0755U);
  EXPECT_EQ(mode_of(in_folder("a/b/c")), 0700U);
}

TEST_F(FileTest, DirectoriesThatExistKeepTheirMode) {
  fs::create_directory(in_folder("a"));
  chmod(in_folder("a").c_str(), 0751);
  make_directories(in_folder("a"));
  EXPECT_EQ(mode_of(in_folder("a")), 0751U);
  EXPECT_NO_THROW(make_directories("/"));
}

TEST_F(FileTest, AFileInTheWayOfADirectoryIsNamed) {
  const fs::path file = file_with("x");
  EXPECT_EQ(error_of([&] { make_directories(file); }).what(), "make directory " + file.string() + ": Not a directory");
  EXPECT_EQ(error_of([&] { make_directories(file / "below"); }).kind(), ErrorKind::NotFound);
  fs::create_symlink("nowhere", in_folder("dangling"));
  EXPECT_EQ(error_of([&] { make_directories(in_folder("dangling")); }).kind(), ErrorKind::NotFound);
  fs::create_symlink("loop", in_folder("loop"));
  EXPECT_EQ(error_of([&] { make_directories(in_folder("loop")); }).kind(), ErrorKind::NotFound);
}

TEST_F(FileTest, FreeSpaceIsPartOfTheWhole) {
  const DiskSpace space = disk_space(folder_.path());
  EXPECT_GT(space.total_bytes, 0U);
  EXPECT_LE(space.free_bytes, space.total_bytes);
  EXPECT_EQ(error_of([&] { disk_space(in_folder("none")); }).kind(), ErrorKind::NotFound);
}

TEST_F(FileTest, ARangeReadsAnyPart) {
  const FileRange range(file_with("0123456789"));
  std::string out(4, ' ');
  range.read(3, std::as_writable_bytes(std::span(out)));
  EXPECT_EQ(out, "3456");
  EXPECT_EQ(range.size(), 10U);
}

TEST_F(FileTest, ARangePastTheEndIsCorrupt) {
  const fs::path path = file_with("0123456789");
  const FileRange range(path);
  std::vector<std::byte> out(4);
  const Error error = error_of([&] { range.read(7, out); });
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_EQ(error.what(), path.string() + " has 10 bytes, but 4 are wanted at 7");
  EXPECT_EQ(error_of([&] { range.read(std::numeric_limits<std::uint64_t>::max(), out); }).kind(), ErrorKind::Corrupt);
  EXPECT_NO_THROW(range.read(10, {}));
}

TEST_F(FileTest, ARangeOfAFileThatShrankIsCorrupt) {
  const fs::path path = file_with("0123456789");
  const FileRange range(path);
  fs::resize_file(path, 5);
  std::vector<std::byte> out(10);
  EXPECT_EQ(error_of([&] { range.read(0, out); }).kind(), ErrorKind::Corrupt);
}

TEST_F(FileTest, ARangeIsOfARegularFileOnly) {
  ASSERT_EQ(mkfifo(in_folder("fifo").c_str(), 0600), 0);
  fs::create_symlink(file_with("x"), in_folder("link"));
  EXPECT_EQ(error_of([&] { FileRange range(in_folder("fifo")); }).kind(), ErrorKind::Corrupt);
  EXPECT_EQ(error_of([&] { FileRange range(folder_.path()); }).kind(), ErrorKind::Corrupt);
  EXPECT_THROW(FileRange range(in_folder("link")), Error);
}

}  // namespace
}  // namespace osbackup::system
