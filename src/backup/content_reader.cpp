#include "backup/content_reader.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace osbackup::backup {
namespace {

/// As pread, and tells whether the disk had to be asked, where the kernel can say so (since 4.14, on most file
/// systems). That there is no more is true only when pread says so: without waiting, Linux 5.9 and 5.10 say it of what
/// is not in memory (preadv2(2), "BUGS").
ssize_t read_at(int descriptor, std::uint64_t offset, std::span<std::byte> out, bool& waited) {
  const iovec target{.iov_base = out.data(), .iov_len = out.size()};
  const ssize_t count = preadv2(descriptor, &target, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  if (count > 0) return count;
  if (count < 0 && errno != EAGAIN && errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL) return count;
  waited = waited || (count < 0 && errno == EAGAIN);
  return pread(descriptor, out.data(), out.size(), static_cast<off_t>(offset));
}

/// Reads until `out` is full or nothing more comes; returns how much came.
std::size_t read_piece(int descriptor, std::uint64_t offset, std::span<std::byte> out, ContentRead& result) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = read_at(descriptor, offset + done, out.subspan(done), result.waited);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) result.problem = errno;
    if (count == 0) result.ended_early = true;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

}  // namespace

ContentRead read_content(int descriptor, const std::vector<archive::Extent>& extents, std::uint64_t offset,
                         std::span<std::byte> out) {
  ContentRead result;
  std::size_t filled = 0;
  for_each_piece(extents, offset, out.size(), [&](std::uint64_t position, std::uint64_t first, std::uint64_t length) {
    filled += read_piece(descriptor, position, out.subspan(first, length), result);
    return result.is_whole();
  });
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(filled), out.end(), std::byte{0});
  return result;
}

}  // namespace osbackup::backup
