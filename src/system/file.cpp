#include "system/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "core/encoding.hpp"
#include "system/system_error.hpp"

namespace osbackup::system {
namespace {

constexpr std::size_t kCopyBytes = 1U << 20U;

std::string shown(const std::filesystem::path& path) { return printable(path.native()); }

void sync_file(const FileDescriptor& file, const std::string& name) {
  if (fsync(file.get()) != 0) throw system_error("write " + name + " to disk");
}

void copy_bytes(const FileRange& source, const FileDescriptor& target, const std::string& name) {
  std::vector<std::byte> buffer(kCopyBytes);
  for (std::uint64_t offset = 0; offset < source.size();) {
    const std::span<std::byte> piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), source.size() - offset));
    source.read(offset, piece);
    write_all(target, piece, name);
    offset += piece.size();
  }
}

/// Lets `write` fill `PATH.new`, and renames it to `path` when it is on disk. Nothing of it stays when that fails.
template <class Write>
void replace_through_temporary(const std::filesystem::path& path, Write write) {
  std::filesystem::path temporary = path;
  temporary += ".new";
  // What an earlier run left is not written into: it may have another mode, other names, or be no file at all.
  if (unlink(temporary.c_str()) != 0 && errno != ENOENT) throw system_error("remove " + shown(temporary));
  try {
    const FileDescriptor file = open_file(temporary, {.flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW});
    write(file, shown(temporary));
    sync_file(file, shown(temporary));
    rename_file(temporary, path);
  } catch (const Error&) {
    unlink(temporary.c_str());
    throw;
  }
  sync_directory(path.parent_path());
}

}  // namespace

FileDescriptor open_file(const std::filesystem::path& path, OpenOptions options) {
  FileDescriptor file(::open(path.c_str(), options.flags | O_CLOEXEC, options.mode));
  if (!file) throw system_error("open " + shown(path));
  return file;
}

FileDescriptor open_file_at(const FileDescriptor& directory, const std::filesystem::path& name, OpenOptions options) {
  FileDescriptor file(::openat(directory.get(), name.c_str(), options.flags | O_CLOEXEC, options.mode));
  if (!file) throw system_error("open " + shown(name));
  return file;
}

FileDescriptor open_unnamed_file(const std::filesystem::path& directory) {
  constexpr mode_t kMode = 0600;
  FileDescriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
  if (file) return file;
  // Kernels before 3.11 know no O_TMPFILE (EISDIR, ENOENT), and not every file system has it (EOPNOTSUPP).
  if (errno != EISDIR && errno != ENOENT && errno != EOPNOTSUPP)
    throw system_error("make a temporary file in " + shown(directory));
  std::string name = (directory / "unnamed-XXXXXX").native();
  file = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) throw system_error("make a temporary file in " + shown(directory));
  unlink(name.c_str());
  return file;
}

void write_all(const FileDescriptor& file, std::span<const std::byte> bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error("write " + name);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void write_all(const FileDescriptor& file, std::string_view text, const std::string& name) {
  write_all(file, std::as_bytes(std::span(text)), name);
}

void write_at(const FileDescriptor& file, std::uint64_t offset, std::span<const std::byte> bytes,
              const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error("write " + name);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void read_at(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out, const std::string& name) {
  while (!out.empty()) {
    const ssize_t count = pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read " + name);
    if (count == 0) throw Error(ErrorKind::Corrupt, name + " ends too early");
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

std::string read_file(const FileDescriptor& file, std::uint64_t bytes_max, const std::string& name) {
  std::string content;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read " + name);
    if (count == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > bytes_max)
      throw Error(ErrorKind::Corrupt, fmt::format("{} is longer than {} bytes", name, bytes_max));
  }
}

std::string read_file(const std::filesystem::path& path, std::uint64_t bytes_max) {
  return read_file(open_file(path, {.flags = O_RDONLY}), bytes_max, shown(path));
}

void write_file_durably(const std::filesystem::path& path, std::string_view text) {
  replace_through_temporary(path,
                            [&](const FileDescriptor& file, const std::string& name) { write_all(file, text, name); });
}

void sync_directory(const std::filesystem::path& directory) {
  // The parent of a bare file name is the working directory.
  const FileDescriptor handle =
      open_file(directory.empty() ? std::filesystem::path(".") : directory, {.flags = O_RDONLY | O_DIRECTORY});
  // Some file systems cannot sync a directory and say EINVAL; there is nothing more to do on them.
  if (fsync(handle.get()) != 0 && errno != EINVAL) throw system_error("write " + shown(directory) + " to disk");
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) throw system_error(fmt::format("rename {} to {}", shown(from), shown(to)));
}

bool rename_to_free_name(int directory, const char* from, const char* to) noexcept {
  if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // The file system (NFS, for one) cannot do that; a hard link does not replace either.
  return linkat(directory, from, directory, to, 0) == 0 && unlinkat(directory, from, 0) == 0;
}

void remove_file(const std::filesystem::path& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) throw system_error("remove " + shown(path));
}

std::vector<std::string> list_directory(const std::filesystem::path& directory) {
  std::error_code problem;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(directory, problem);
  for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem))
    names.push_back(entry->path().filename().native());
  if (problem) throw system_error("list " + shown(directory), problem.value());
  std::sort(names.begin(), names.end());
  return names;
}

bool exists(const std::filesystem::path& path) noexcept {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

void move_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::string activity = fmt::format("move {} to {}", shown(from), shown(to));
  // Before it has the new name: under that name it must be whole, also after a loss of power.
  const FileDescriptor opened(::open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!opened) throw system_error(activity);
  sync_file(opened, shown(from));
  if (rename(from.c_str(), to.c_str()) != 0) {
    if (errno != EXDEV) throw system_error(activity);
    const FileRange source(from);
    replace_through_temporary(
        to, [&](const FileDescriptor& file, const std::string& name) { copy_bytes(source, file, name); });
    // Only now: until the new name is durable, the old one is the only one that survives a loss of power.
    if (unlink(from.c_str()) != 0) throw system_error("remove " + shown(from));
  } else {
    sync_directory(to.parent_path());
  }
}

void make_directories(const std::filesystem::path& directory) {
  const std::filesystem::path normal = (directory / "").lexically_normal().parent_path();
  if (normal.has_parent_path() && normal.parent_path() != normal) {
    std::filesystem::path above;
    for (const std::filesystem::path& part : normal.parent_path()) {
      above /= part;
      if (mkdir(above.c_str(), 0755) != 0 && errno != EEXIST) throw system_error("make directory " + shown(above));
    }
  }
  if (mkdir(normal.c_str(), 0700) != 0 && errno != EEXIST) throw system_error("make directory " + shown(normal));
  std::error_code unreadable;
  if (!std::filesystem::is_directory(normal, unreadable))
    throw system_error("make directory " + shown(normal), ENOTDIR);
}

DiskSpace disk_space(const std::filesystem::path& path) {
  struct statvfs usage {};
  if (statvfs(path.c_str(), &usage) != 0) throw system_error("look up the free space of " + shown(path));
  return {.free_bytes = std::uint64_t{usage.f_bavail} * usage.f_frsize,
          .total_bytes = std::uint64_t{usage.f_blocks} * usage.f_frsize};
}

FileRange::FileRange(const std::filesystem::path& path)
    : name_(shown(path)), file_(open_file(path, {.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK})) {
  struct stat status {};
  if (fstat(file_.get(), &status) != 0) throw system_error("look at " + name_);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorKind::Corrupt, name_ + " is not a regular file");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void FileRange::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset)
    throw Error(ErrorKind::Corrupt,
                fmt::format("{} has {} bytes, but {} are wanted at {}", name_, size_, out.size(), offset));
  read_at(file_, offset, out, name_);
}

}  // namespace osbackup::system
