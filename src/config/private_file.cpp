#include "config/private_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::config {
namespace {

constexpr std::uint64_t kBytesMax = 4U << 20U;

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::Usage, message); }

}  // namespace

std::string read_private_file(const std::filesystem::path& file) {
  const std::string name = printable(file.native());
  try {
    // O_NONBLOCK: a FIFO in its place must not hang the program.
    const system::FileDescriptor handle = system::open_file(file, {.flags = O_RDONLY | O_NONBLOCK});
    struct stat status {};
    if (fstat(handle.get(), &status) != 0) throw system::system_error("look at " + name);
    if (!S_ISREG(status.st_mode)) refuse(name + " is not a regular file");
    if (status.st_uid != 0 && status.st_uid != geteuid())
      refuse(fmt::format("{} belongs to user {}: mend it with: chown root {}", name, status.st_uid, name));
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
      refuse(fmt::format("{} has mode {:04o} and holds passwords, expected 0600: mend it with: chmod 600 {}", name,
                         status.st_mode & 07777U, name));
    return system::read_file(handle, kBytesMax, name);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound)
      refuse(name + ": there is no such configuration file; name another with --config FILE");
    throw Error(ErrorKind::Usage, error.what());
  }
}

}  // namespace osbackup::config
