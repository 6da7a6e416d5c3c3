#include "support/ftp_server.hpp"

#include <poll.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <map>

#include "core/error.hpp"
#include "support/free_port.hpp"
#include "support/server_account.hpp"

namespace osbackup::test {
namespace {

std::string yes_or_no(Permission permission) { return permission == Permission::Allowed ? "YES" : "NO"; }

std::string filled_in(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [word, value] : values) {
    const std::string marked = "@" + word + "@";
    for (std::size_t at = text.find(marked); at != std::string::npos; at = text.find(marked, at + value.size()))
      text.replace(at, marked.size(), value);
  }
  return text;
}

}  // namespace

FtpServer::FtpServer(FtpServerOptions options) : options_(std::move(options)) {
  // The folder is root's alone; the server's user must get through it.
  ::chmod(folder_.path().c_str(), 0711);
  for (const char* name : {"root", "empty"}) {
    std::filesystem::create_directory(folder_.path() / name);
    give_to_server(folder_.path() / name);
  }
  for (const char* name : {"passwords", "log", "vsftpd.conf"}) {
    std::ofstream(folder_.path() / name) << (name == std::string("passwords") ? password() + "\n" : "");
    give_to_server(folder_.path() / name);
  }
  // Between choosing a free port and listening on it another test may take it.
  constexpr int kPortsTried = 5;
  for (int i = 0; i < kPortsTried; ++i) {
    port_ = free_port(options_.address);
    if (try_start()) return;
  }
  throw Error(ErrorKind::Internal, "vsftpd does not start: " + text_of(folder_.path() / "output"));
}

void FtpServer::write_configuration() const {
  const bool six = options_.address.find(':') != std::string::npos;
  const auto path = [&](const char* name) { return (folder_.path() / name).string(); };
  std::ofstream(folder_.path() / "vsftpd.conf")
      << filled_in(text_of(OSBACKUP_TEST_SUPPORT "/vsftpd.conf.in"),
                   {{"LISTEN", six ? "listen_ipv6=YES" : "listen=YES"},
                    {"ADDRESS", (six ? "listen_address6=" : "listen_address=") + options_.address},
                    {"PORT", std::to_string(port_)},
                    {"ROOT", path("root")},
                    {"PASSWORDS", path("passwords")},
                    {"EMPTY", path("empty")},
                    {"LOG", path("log")},
                    {"WRITE", yes_or_no(options_.writing)},
                    {"READ", yes_or_no(options_.reading)}});
}

bool FtpServer::try_start() {
  write_configuration();
  std::vector<std::string> arguments = as_server({"vsftpd", (folder_.path() / "vsftpd.conf").string()});
  if (options_.disk_bytes > 0) arguments = with_disk(arguments, options_.disk_bytes, root());
  process_ = std::make_unique<ChildProcess>(ChildOptions{.arguments = arguments, .output = folder_.path() / "output"});

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (process_->is_running() && std::chrono::steady_clock::now() < deadline) {
    if (is_listening(options_.address, port_)) return process_->is_running();
    ::poll(nullptr, 0, 2);
  }
  return false;
}

void FtpServer::cut_sessions() {
  for (const pid_t session : process_->descendants()) ::kill(session, SIGKILL);
}

void FtpServer::signal_all(int number) {
  process_->signal(number);
  for (const pid_t session : process_->descendants()) ::kill(session, number);
}

void FtpServer::freeze() { signal_all(SIGSTOP); }
void FtpServer::thaw() { signal_all(SIGCONT); }

void FtpServer::stop() { process_.reset(); }

void FtpServer::start() {
  if (!try_start()) throw Error(ErrorKind::Internal, "vsftpd: " + text_of(folder_.path() / "output"));
}

}  // namespace osbackup::test
