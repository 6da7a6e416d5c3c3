#include "system/file_descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace osbackup::system {
namespace {

bool is_open(int descriptor) { return fcntl(descriptor, F_GETFD) != -1; }

int opened() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(FileDescriptor, IsClosedWhenDestroyed) {
  const int number = opened();
  {
    const FileDescriptor file(number);
    EXPECT_TRUE(file);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(FileDescriptor, IsClosedOnceAfterAMove) {
  FileDescriptor first(opened());
  const int number = first.get();
  {
    const FileDescriptor second(std::move(first));
    EXPECT_EQ(second.get(), number);
  }
  EXPECT_FALSE(is_open(number));
}

TEST(FileDescriptor, ClosesWhatAnotherTakesThePlaceOf) {
  const int number = opened();
  FileDescriptor file(number);
  const int other = opened();
  file = FileDescriptor(other);
  EXPECT_FALSE(is_open(number));
  EXPECT_TRUE(is_open(other));
}

TEST(FileDescriptor, StaysOpenWhenItIsHandedOver) {
  const int number = FileDescriptor(opened()).release();
  EXPECT_TRUE(is_open(number));
  close(number);
}

TEST(StandardDescriptors, AreNobodyElsesWhenTheyWereClosed) {
  EXPECT_EXIT(
      {
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        occupy_standard_descriptors();
        const bool is_behind_them = opened() > STDERR_FILENO;
        char byte = 'x';
        const bool is_used = read(STDIN_FILENO, &byte, 1) >= 0 || write(STDOUT_FILENO, &byte, 1) >= 0;
        _exit(is_behind_them && !is_used ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(FileDescriptor, IsNoneByDefault) {
  FileDescriptor file;
  EXPECT_FALSE(file);
  file.close();
  EXPECT_EQ(file.get(), -1);
}

}  // namespace
}  // namespace osbackup::system
