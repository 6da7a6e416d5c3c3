#include "backup/name_spill.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "core/encoding.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::backup {
namespace {

std::string activity(const char* verb, const std::filesystem::path& directory) {
  return std::string(verb) + " the names of a large directory " + (verb[0] == 'w' ? "to" : "from") +
         " a temporary file in " + printable(directory.native());
}

}  // namespace

std::uint64_t NameSpill::append(std::string_view bytes) {
  if (!file_) file_ = system::open_unnamed_file(directory_);
  const std::uint64_t offset = end_;
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(end_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system::system_error(activity("write", directory_));
    bytes.remove_prefix(static_cast<std::size_t>(written));
    end_ += static_cast<std::uint64_t>(written);
  }
  held_bytes_ += end_ - offset;
  return offset;
}

std::size_t NameSpill::read(std::uint64_t offset, std::span<char> out) const {
  for (;;) {
    const ssize_t count = pread(file_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) throw Error(ErrorKind::Internal, activity("read", directory_) + ": it ends too early");
    if (errno != EINTR) throw system::system_error(activity("read", directory_));
  }
}

void NameSpill::release(std::uint64_t offset, std::uint64_t bytes) noexcept {
  held_bytes_ -= bytes;
  if (held_bytes_ == 0) {
    // A file that could not be cut only keeps its space until the run ends.
    if (ftruncate(file_.get(), 0) == 0) end_ = 0;
  } else {
    // Not every file system can do it; then the space comes back when all of it is given back.
    fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
              static_cast<off_t>(bytes));
  }
}

}  // namespace osbackup::backup
