#include "system/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace osbackup::system {
namespace {

/// A name's longest NUL-terminated form.
using NameBuffer = std::array<char, NAME_MAX + 1>;
using PathBuffer = std::array<char, PATH_MAX>;

/// openat2(2) asks to be called again when something was renamed meanwhile; with a path without `..` it hardly does.
constexpr int kAttemptsMax = 32;

/// Whether a name leads one level down, if it leads anywhere.
bool is_plain(std::string_view name) noexcept {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

bool has_plain_names(std::string_view path) noexcept {
  for (;;) {
    const std::size_t end = path.find('/');
    if (!is_plain(path.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

FileDescriptor failed(int problem) noexcept {
  errno = problem;
  return {};
}

template <class Buffer>
const char* terminated(std::string_view text, Buffer& buffer) noexcept {
  std::copy(text.begin(), text.end(), buffer.begin());
  buffer[text.size()] = '\0';
  return buffer.data();
}

FileDescriptor open_in_kernel(int directory, const char* path, int flags) noexcept {
  open_how how{};
  // Without O_NOFOLLOW: with it a link at the path's end would be ENOTDIR, as a file is.
  how.flags = static_cast<unsigned>(flags | O_DIRECTORY | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  return FileDescriptor(static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof(how))));
}

/// The piece of a path that the kernel takes at once.
std::string_view first_piece(std::string_view path) noexcept {
  if (path.size() < PATH_MAX) return path;
  const std::size_t slash = path.rfind('/', PATH_MAX - 1);
  // A name that is longer is too long for any file system, which the walk by steps says.
  return slash == std::string_view::npos || slash == 0 ? path : path.substr(0, slash);
}

FileDescriptor open_by_steps(int directory, std::string_view path, int flags) noexcept {
  FileDescriptor reached;
  for (;;) {
    const std::size_t end = path.find('/');
    const bool is_last = end == std::string_view::npos;
    const std::string_view name = path.substr(0, end);
    if (name.size() > NAME_MAX) return failed(ENAMETOOLONG);
    NameBuffer buffer{};
    reached =
        open_directory_named(reached ? reached.get() : directory, terminated(name, buffer), is_last ? flags : O_PATH);
    if (!reached || is_last) return reached;
    path.remove_prefix(end + 1);
  }
}

}  // namespace

PathWalk best_path_walk() noexcept {
  // EPERM is a filter's that does not know the call.
  return open_in_kernel(AT_FDCWD, ".", O_PATH) || (errno != ENOSYS && errno != EPERM) ? PathWalk::InKernel
                                                                                      : PathWalk::StepByStep;
}

FileDescriptor Beneath::open_directory(std::string_view path, int flags) const noexcept {
  if (path == ".") return FileDescriptor(openat(root_.get(), ".", flags | O_DIRECTORY | O_CLOEXEC));
  if (!has_plain_names(path)) return failed(EXDEV);
  if (path.find('\0') != std::string_view::npos) return failed(EINVAL);
  FileDescriptor reached;
  for (;;) {
    const std::string_view piece = first_piece(path);
    const bool is_last = piece.size() == path.size();
    reached = open_piece(reached ? reached.get() : root_.get(), piece, is_last ? flags : O_PATH);
    if (!reached || is_last) return reached;
    path.remove_prefix(piece.size() + 1);
  }
}

FileDescriptor Beneath::open_piece(int directory, std::string_view piece, int flags) const noexcept {
  if (walk_ == PathWalk::StepByStep || piece.size() >= PATH_MAX) return open_by_steps(directory, piece, flags);
  PathBuffer buffer;
  terminated(piece, buffer);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    FileDescriptor opened = open_in_kernel(directory, buffer.data(), flags);
    if (opened || errno != EAGAIN) return opened;
  }
  return open_by_steps(directory, piece, flags);
}

FileDescriptor open_directory_named(int parent, const char* name, int flags) noexcept {
  if (!is_plain(name)) return failed(EXDEV);
  FileDescriptor directory(openat(parent, name, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory || errno != ENOTDIR) return directory;
  // The kernel says the same of a link and of a file.
  struct stat status {};
  const bool is_link = fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
  return failed(is_link ? ELOOP : ENOTDIR);
}

}  // namespace osbackup::system
