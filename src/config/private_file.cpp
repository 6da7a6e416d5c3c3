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

/// What others may do with a file, and why no more.
struct Rule {
  mode_t forbidden = S_IRWXG | S_IRWXO;
  std::string reason;
  std::string expected = "0600";
};

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::Usage, message); }

std::optional<std::string> read_checked(const std::filesystem::path& file, const Rule& rule) {
  const std::string name = printable(file.native());
  try {
    // O_NONBLOCK: a FIFO in its place must not hang the program.
    const system::FileDescriptor handle = system::open_file(file, {.flags = O_RDONLY | O_NONBLOCK});
    struct stat status {};
    if (fstat(handle.get(), &status) != 0) throw system::system_error("look at " + name);
    if (!S_ISREG(status.st_mode)) refuse(name + " is not a regular file");
    if (status.st_uid != 0 && status.st_uid != geteuid())
      refuse(fmt::format("{} belongs to user {}: mend it with: chown root {}", name, status.st_uid, name));
    if ((status.st_mode & rule.forbidden) != 0)
      refuse(fmt::format("{} has mode {:04o} and {}, expected {}: mend it with: chmod {} {}", name,
                         status.st_mode & 07777U, rule.reason, rule.expected, rule.expected.substr(1), name));
    return system::read_file(handle, kBytesMax, name);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) return std::nullopt;
    throw Error(ErrorKind::Usage, error.what());
  }
}

}  // namespace

std::string read_private_file(const std::filesystem::path& file) {
  std::optional<std::string> text = read_checked(file, {.reason = "holds passwords"});
  if (!text)
    refuse(printable(file.native()) + ": there is no such configuration file; name another with --config FILE");
  return std::move(*text);
}

std::string read_private_key(const std::filesystem::path& file) {
  std::optional<std::string> text = read_checked(file, {.reason = "holds a private key"});
  if (!text) refuse(printable(file.native()) + ": there is no such file: check [Ftp] private_key");
  return std::move(*text);
}

std::optional<std::string> read_trusted_file(const std::filesystem::path& file) {
  return read_checked(file, {.forbidden = S_IWGRP | S_IWOTH, .reason = "says whom to trust", .expected = "0644"});
}

}  // namespace osbackup::config
