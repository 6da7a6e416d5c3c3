#include "system/process_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <string>

#include "core/encoding.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::system {

ProcessLock::ProcessLock(const std::filesystem::path& file)
    : file_(open_file(file, {.flags = O_RDWR | O_CREAT | O_NOFOLLOW})) {
  const std::string name = printable(file.native());
  if (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw system_error("lock " + name);
    const std::string holder = one_line(read_file(file_, 64, name));
    throw Error(ErrorKind::Locked, fmt::format("another run{} is at work and holds {}: wait for it to end",
                                               holder.empty() ? "" : " (process " + holder + ")", name));
  }
  // The lock holds whether or not its file can say who has it: a full disk must not stop a backup.
  if (ftruncate(file_.get(), 0) != 0) return;
  const std::string text = fmt::format("{}\n", getpid());
  [[maybe_unused]] const ssize_t written = ::write(file_.get(), text.data(), text.size());
}

}  // namespace osbackup::system
