#include "support/server_account.hpp"

#include <pwd.h>
#include <unistd.h>

#include "core/error.hpp"
#include "system/system_error.hpp"

namespace osbackup::test {

void give_to_server(const std::filesystem::path& path) {
  const passwd* user = ::getpwnam(kServerAccount);
  if (!user) throw Error(ErrorKind::NotFound, "the system has no user ftp: run scripts/setup, which installs vsftpd");
  if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) throw system::system_error("chown " + path.string());
}

std::vector<std::string> as_server(const std::vector<std::string>& command) {
  const std::string account = kServerAccount;
  // Another user's process forgets that it was to die with the test.
  std::vector<std::string> words = {
      "setpriv", "--reuid=" + account, "--init-groups", "--regid=" + account, "--pdeathsig", "KILL"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::vector<std::string> with_disk(const std::vector<std::string>& command, std::uint64_t disk_bytes,
                                   const std::filesystem::path& folder) {
  std::vector<std::string> words = {"unshare",
                                    "--mount",
                                    "sh",
                                    "-c",
                                    R"(mount -t tmpfs -o "size=$1,mode=0777" tmpfs "$2" && shift 2 && exec "$@")",
                                    "sh",
                                    std::to_string(disk_bytes),
                                    folder.string()};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

}  // namespace osbackup::test
