#include "support/sftp_server.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>

#include "core/error.hpp"
#include "support/free_port.hpp"
#include "support/server_account.hpp"
#include "support/shell.hpp"

namespace osbackup::test {
namespace {

void make_key(const std::filesystem::path& file, const std::string& type, const std::string& pass_phrase = "") {
  output_of({.text = fmt::format("ssh-keygen -q -t {} -N '{}' -f {}", type, pass_phrase, file.filename().string()),
             .directory = file.parent_path()});
}

/// Whether a process has closed its connections; its parent need not have heard of it.
bool has_ended(pid_t process) {
  const std::string status = text_of(fmt::format("/proc/{}/stat", process));
  const std::size_t name_end = status.rfind(')');
  return name_end == std::string::npos || status.substr(name_end).starts_with(") Z");
}

}  // namespace

SftpServer::SftpServer(SftpServerOptions options) : options_(std::move(options)) {
  // The folder is root's alone; the server's user must get through it.
  ::chmod(folder_.path().c_str(), 0711);
  std::filesystem::create_directory(root());
  make_key(folder_.path() / "host_key", options_.host_key_type);
  make_key(folder_.path() / "user_key", "ed25519");
  for (const char* name : {"root", "host_key"}) give_to_server(folder_.path() / name);
  // Between choosing a free port and listening on it another test may take it.
  constexpr int kPortsTried = 5;
  for (int i = 0; i < kPortsTried; ++i) {
    port_ = free_port(options_.address);
    if (try_start()) return;
  }
  throw Error(ErrorKind::Internal, "sshd does not start: " + log());
}

std::string SftpServer::known_hosts() const {
  return fmt::format("[{}]:{} {}", options_.address, port_, text_of(folder_.path() / "host_key.pub"));
}

void SftpServer::write_configuration() const {
  const std::string folder = folder_.path().string();
  std::ofstream(folder_.path() / "sshd_config")
      << fmt::format("Port {}\nListenAddress {}\nHostKey {}/host_key\nAuthorizedKeysFile {}/user_key.pub\n", port_,
                     options_.address, folder, folder)
      << "StrictModes no\nUsePAM no\nPidFile none\nLogLevel VERBOSE\nMaxStartups 100\n"
      << (options_.has_sftp ? "" : "# ")
      << fmt::format("Subsystem sftp internal-sftp -d {} {}\n", root().string(), options_.sftp_arguments)
      << options_.configuration;
}

bool SftpServer::try_start() {
  write_configuration();
  // sshd starts itself again by its whole path.
  std::vector<std::string> command =
      as_server({"/usr/sbin/sshd", "-D", "-e", "-f", (folder_.path() / "sshd_config").string()});
  if (options_.disk_bytes > 0) command = with_disk(command, options_.disk_bytes, root());
  process_ = std::make_unique<ChildProcess>(ChildOptions{.arguments = command, .output = folder_.path() / "output"});

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (process_->is_running() && std::chrono::steady_clock::now() < deadline) {
    if (is_listening(options_.address, port_)) return process_->is_running();
    ::poll(nullptr, 0, 2);
  }
  return false;
}

void SftpServer::cut_sessions() {
  const std::vector<pid_t> sessions = process_->descendants();
  for (const pid_t session : sessions) ::kill(session, SIGKILL);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!std::all_of(sessions.begin(), sessions.end(), has_ended)) {
    if (std::chrono::steady_clock::now() > deadline) throw Error(ErrorKind::Internal, "sshd's sessions do not end");
    ::poll(nullptr, 0, 2);
  }
}

void SftpServer::signal_all(int number) {
  process_->signal(number);
  for (const pid_t session : process_->descendants()) ::kill(session, number);
}

void SftpServer::freeze() { signal_all(SIGSTOP); }
void SftpServer::thaw() { signal_all(SIGCONT); }

void SftpServer::stop() { process_.reset(); }

void SftpServer::start() {
  if (!try_start()) throw Error(ErrorKind::Internal, "sshd: " + log());
}

std::string made_private_key(const std::string& type, const std::string& pass_phrase) {
  const TemporaryFolder folder;
  make_key(folder.path() / "key", type, pass_phrase);
  return text_of(folder.path() / "key");
}

}  // namespace osbackup::test
