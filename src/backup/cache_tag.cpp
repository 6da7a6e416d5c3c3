#include "backup/cache_tag.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace osbackup::backup {
namespace {

constexpr std::string_view kSignature = "Signature: 8a477f597d28d172789f06886806bc55";

}  // namespace

bool has_cache_tag(const system::FileDescriptor& directory) noexcept {
  struct stat status {};
  // What is not a regular file is not opened: with a device that alone may do something.
  if (fstatat(directory.get(), kCacheTagName, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
    return false;
  const system::FileDescriptor tag(
      openat(directory.get(), kCacheTagName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!tag || fstat(tag.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::array<char, kSignature.size()> begin{};
  std::size_t held = 0;
  while (held < begin.size()) {
    const ssize_t count = read(tag.get(), begin.data() + held, begin.size() - held);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    held += static_cast<std::size_t>(count);
  }
  return std::string_view(begin.data(), begin.size()) == kSignature;
}

}  // namespace osbackup::backup
