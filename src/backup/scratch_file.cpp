#include "backup/scratch_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "core/byte_count.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::backup {
namespace {

constexpr std::size_t kCopyBytes = 256U << 10U;

}  // namespace

ScratchFile::ScratchFile(const std::filesystem::path& directory, std::string purpose)
    : purpose_(std::move(purpose)),
      place_(printable(directory.native())),
      file_(system::open_unnamed_file(directory)) {}

void ScratchFile::write(std::span<const std::byte> bytes) {
  try {
    system::write_all(file_, bytes, fmt::format("{} to {}", purpose_, place_));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NoSpace) throw;
    throw Error(ErrorKind::NoSpace,
                fmt::format("{}, when it had reached {}: make room, or set [Run] workdir to a directory on a larger "
                            "file system; [Archive] spool = memory keeps the archive itself off the disk",
                            error.what(), human_bytes(size_)));
  }
  size_ += bytes.size();
}

void ScratchFile::copy_to(ByteSink& sink) {
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kCopyBytes, size_)));
  for (std::uint64_t offset = 0; offset < size_;) {
    const ssize_t count = pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system::system_error("read " + purpose_);
    if (count == 0) throw Error(ErrorKind::Internal, purpose_ + " is shorter than what was written");
    sink.write(std::span(buffer).first(static_cast<std::size_t>(count)));
    offset += static_cast<std::uint64_t>(count);
  }
}

}  // namespace osbackup::backup
