#include "backup/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "core/byte_count.hpp"
#include "core/encoding.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20U;

}  // namespace

void DiskSpool::write(std::span<const std::byte> bytes) {
  const std::string name = printable(file_.native());
  if (!descriptor_) descriptor_ = system::open_file(file_, {.flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW});
  try {
    system::write_all(descriptor_, bytes, name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NoSpace) throw;
    throw Error(
        ErrorKind::NoSpace,
        fmt::format("{}, when the archive had reached {}: make room, set [Run] workdir to a directory on a larger "
                    "file system, or set [Archive] spool = memory, which keeps the archive off the disk",
                    error.what(), human_bytes(written_.count())));
  }
  written_.add(bytes.size());
}

void DiskSpool::adopt(const std::filesystem::path& file) {
  assert(!descriptor_);
  const std::uint64_t bytes = system::FileRange(file).size();
  descriptor_ = system::open_file(file, {.flags = O_RDONLY | O_NOFOLLOW});
  file_ = file;
  written_.add(bytes);
}

std::size_t DiskSpool::read(std::uint64_t offset, std::span<std::byte> out, const std::stop_token& stop) {
  const std::uint64_t there = written_.wait_beyond(offset, stop) - offset;
  const std::span<std::byte> piece = out.first(std::min<std::uint64_t>(out.size(), there));
  if (!piece.empty()) system::read_at(descriptor_, offset, piece, printable(file_.native()));
  return piece.size();
}

void MemorySpool::write(std::span<const std::byte> bytes) {
  std::uint64_t written = written_.count();
  while (!bytes.empty()) {
    const std::span<const std::byte> piece = bytes.first(std::min(bytes.size(), ring_.size()));
    wait_for_room(written, piece.size());
    const auto begin = static_cast<std::size_t>(written % ring_.size());
    const std::size_t before_wrap = std::min(piece.size(), ring_.size() - begin);
    std::copy_n(piece.begin(), before_wrap, ring_.begin() + static_cast<std::ptrdiff_t>(begin));
    std::copy(piece.begin() + static_cast<std::ptrdiff_t>(before_wrap), piece.end(), ring_.begin());
    written += piece.size();
    written_.add(piece.size());
    bytes = bytes.subspan(piece.size());
  }
}

void MemorySpool::wait_for_room(std::uint64_t written, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return reader_failure_ || written + bytes - taken_ <= ring_.size(); });
  if (!reader_failure_) return;
  refused_ = true;
  throw Error(*reader_failure_);
}

void MemorySpool::adopt(const std::filesystem::path& file) {
  const system::FileRange content(file);
  std::vector<std::byte> buffer(kPieceBytes);
  for (std::uint64_t offset = 0; offset < content.size();) {
    const std::span<std::byte> piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), content.size() - offset));
    content.read(offset, piece);
    write(piece);
    offset += piece.size();
  }
}

std::size_t MemorySpool::read(std::uint64_t offset, std::span<std::byte> out, const std::stop_token& stop) {
  const std::uint64_t there = written_.wait_beyond(offset, stop) - offset;
  {
    const std::scoped_lock lock(mutex_);
    if (offset != taken_) throw Error(ErrorKind::Internal, "the archive is in memory and was read there once already");
  }
  const std::span<std::byte> piece = out.first(std::min<std::uint64_t>(out.size(), there));
  const auto begin = static_cast<std::size_t>(offset % ring_.size());
  const std::size_t before_wrap = std::min(piece.size(), ring_.size() - begin);
  std::copy_n(ring_.begin() + static_cast<std::ptrdiff_t>(begin), before_wrap, piece.begin());
  std::copy_n(ring_.begin(), piece.size() - before_wrap, piece.begin() + static_cast<std::ptrdiff_t>(before_wrap));
  {
    const std::scoped_lock lock(mutex_);
    taken_ += piece.size();
  }
  room_.notify_one();
  return piece.size();
}

void MemorySpool::stop_reading(const Error& reason) {
  {
    const std::scoped_lock lock(mutex_);
    if (!reader_failure_) reader_failure_.emplace(reason);
  }
  room_.notify_one();
}

std::optional<Error> MemorySpool::refusal() const {
  const std::scoped_lock lock(mutex_);
  return refused_ ? reader_failure_ : std::nullopt;
}

}  // namespace osbackup::backup
