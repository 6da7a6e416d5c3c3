#include "backup/scratch_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/byte_count.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

constexpr std::size_t kCopyBytes = 256U << 10U;

}  // namespace

ScratchFile::ScratchFile(const std::filesystem::path& directory, std::string purpose)
    : purpose_(std::move(purpose)),
      purpose_and_place_(fmt::format("{} to {}", purpose_, printable(directory.native()))),
      file_(system::open_unnamed_file(directory)) {}

void ScratchFile::write(std::span<const std::byte> bytes) {
  try {
    system::write_all(file_, bytes, purpose_and_place_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NoSpace) throw;
    throw Error(ErrorKind::NoSpace,
                fmt::format("{}, when it had reached {}: make room, or set [Run] workdir to a directory on a larger "
                            "file system; [Archive] spool = memory keeps the archive itself off the disk",
                            error.what(), human_bytes(size_)));
  }
  size_ += bytes.size();
}

void ScratchFile::overwrite(std::uint64_t offset, std::span<const std::byte> bytes) {
  system::write_at(file_, offset, bytes, purpose_);
}

void ScratchFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  system::read_at(file_, offset, out, purpose_);
}

void ScratchFile::copy_to(ByteSink& sink) {
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kCopyBytes, size_)));
  for (std::uint64_t offset = 0; offset < size_;) {
    const auto piece =
        std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_ - offset)));
    read(offset, piece);
    sink.write(piece);
    offset += piece.size();
  }
}

}  // namespace osbackup::backup
