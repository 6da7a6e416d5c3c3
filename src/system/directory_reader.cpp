#include "system/directory_reader.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace osbackup::system {
namespace {

constexpr std::size_t kBufferBytes = 64U << 10U;
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
/// The kernel's record is the C library's dirent64.
constexpr std::size_t kNameOffset = offsetof(dirent64, d_name);
constexpr std::size_t kLengthOffset = offsetof(dirent64, d_reclen);

bool is_dot_or_dots(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

}  // namespace

FileDescriptor open_directory_at(int parent, const char* name) noexcept {
  FileDescriptor directory(openat(parent, name, kOpenDirectory | O_NOATIME));
  // Not the owner's: not even root's rights reach to every file system.
  if (!directory && errno == EPERM) directory = FileDescriptor(openat(parent, name, kOpenDirectory));
  return directory;
}

DirectoryReader::DirectoryReader() : buffer_(kBufferBytes) {}

void DirectoryReader::begin(int directory) noexcept {
  directory_ = directory;
  begin_ = end_ = 0;
  problem_ = 0;
}

bool DirectoryReader::fill() noexcept {
  const long count = syscall(SYS_getdents64, directory_, buffer_.data(), buffer_.size());
  if (count < 0) problem_ = errno;
  begin_ = 0;
  end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  return count > 0;
}

const char* DirectoryReader::next() noexcept {
  for (;;) {
    if (begin_ == end_ && !fill()) return nullptr;
    const char* record = buffer_.data() + begin_;
    const std::size_t left = end_ - begin_;
    unsigned short length = 0;
    if (left > kNameOffset) std::memcpy(&length, record + kLengthOffset, sizeof(length));
    if (length <= kNameOffset || length > left ||
        std::memchr(record + kNameOffset, '\0', length - kNameOffset) == nullptr) {
      problem_ = EIO;
      begin_ = end_;
      return nullptr;
    }
    begin_ += length;
    const char* name = record + kNameOffset;
    if (!is_dot_or_dots(name)) return name;
  }
}

}  // namespace osbackup::system
