#include "backup/content_reader.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/uio.h>

#include <fstream>
#include <string>

#include "support/temporary_folder.hpp"
#include "system/file_descriptor.hpp"

namespace {

/// Whether preadv2 says "end of file" as Linux 5.9 and 5.10 do for what is not in memory (preadv2(2), "BUGS").
bool claims_end_without_waiting = false;

}  // namespace

/// Stands before the C library's.
// NOLINTNEXTLINE(readability-function-size): the C library's parameters.
extern "C" ssize_t preadv2(int descriptor, const iovec* pieces, int count, off_t offset, int flags) {
  if (claims_end_without_waiting && (flags & RWF_NOWAIT) != 0) return 0;
  static const auto kReal = reinterpret_cast<decltype(&preadv2)>(dlsym(RTLD_NEXT, "preadv2"));
  return kReal(descriptor, pieces, count, offset, flags);
}

namespace osbackup::backup {
namespace {

class ContentReaderTest : public testing::Test {
 protected:
  void TearDown() override { claims_end_without_waiting = false; }

  system::FileDescriptor file_with(const std::string& content) const {
    const auto path = folder_.path() / "file";
    std::ofstream(path, std::ios::binary) << content;
    return system::FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  static std::string text(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  test::TemporaryFolder folder_;
  std::vector<std::byte> out_ = std::vector<std::byte>(7);
};

TEST_F(ContentReaderTest, ReadsWhatLiesInTheExtents) {
  const system::FileDescriptor file = file_with("abc----defg");

  const ContentRead read = read_content(file.get(), {{0, 3}, {7, 4}}, 0, out_);

  EXPECT_EQ(text(out_), "abcdefg");
  EXPECT_TRUE(read.is_whole());
}

TEST_F(ContentReaderTest, FillsWithZerosWhatAFileIsTooShortFor) {
  const system::FileDescriptor file = file_with("abc");

  const ContentRead read = read_content(file.get(), {{0, 7}}, 0, out_);

  EXPECT_EQ(text(out_), std::string("abc\0\0\0\0", 7));
  EXPECT_TRUE(read.ended_early);
}

TEST_F(ContentReaderTest, BelievesInAnEndOnlyWhenItHasWaitedForTheDisk) {
  const system::FileDescriptor file = file_with("abcdefg");
  claims_end_without_waiting = true;

  const ContentRead read = read_content(file.get(), {{0, 7}}, 0, out_);

  EXPECT_EQ(text(out_), "abcdefg");
  EXPECT_TRUE(read.is_whole());
}

}  // namespace
}  // namespace osbackup::backup
