#include "support/mariadb_server.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>

#include "core/error.hpp"
#include "support/free_port.hpp"
#include "support/shell.hpp"

namespace osbackup::test {
namespace {

constexpr const char* kProgram = "/usr/sbin/mariadbd";

/// The tables that a server needs to know its users, as its package brings them. Without the help texts and the views
/// that mariadb-install-db makes as well, a server is made in a tenth of the time.
std::filesystem::path system_tables() {
  for (const char* file : {"mariadb_system_tables.sql", "mysql_system_tables.sql"})
    for (const char* folder : {"/usr/share/mysql", "/usr/share/mariadb"})
      if (std::filesystem::path path = std::filesystem::path(folder) / file; std::filesystem::exists(path)) return path;
  throw Error(ErrorKind::NotFound, "no mariadb_system_tables.sql: install mariadb-server (scripts/setup)");
}

/// Whether all its threads heard of SIGSTOP, each in its own time.
bool has_stopped(pid_t process) {
  const std::filesystem::directory_iterator threads(fmt::format("/proc/{}/task", process));
  return std::all_of(begin(threads), end(threads), [](const std::filesystem::directory_entry& thread) {
    const std::string status = text_of(thread.path() / "stat");
    return status.substr(std::min(status.rfind(')'), status.size())).starts_with(") T");
  });
}

}  // namespace

MariaDbServer::MariaDbServer(MariaDbServerOptions options) : options_(std::move(options)) {
  for (const char* folder : {"data", "temporary"}) std::filesystem::create_directory(folder_.path() / folder);
  make_data();
  write_first_statements();
  // Between choosing a free port and listening on it another test may take it.
  constexpr int kPortsTried = 5;
  for (int i = 0; i < kPortsTried; ++i) {
    port_ = free_port(host());
    if (try_start()) return;
  }
  throw Error(ErrorKind::Internal, "mariadbd does not start: " + log());
}

MariaDbServer::~MariaDbServer() {
  // Nothing of it is kept, and a frozen server hears nothing else.
  if (process_) process_->signal(SIGKILL);
}

/// Small, and without waiting for the disk: what was committed survives the end of the process, and nothing else is
/// asked of it.
std::vector<std::string> MariaDbServer::command() const {
  return {kProgram, "--no-defaults", "--user=root", "--datadir=" + (folder_.path() / "data").string(),
          // A server that starts removes temporary tables that it finds, also those of another in the same place.
          "--tmpdir=" + (folder_.path() / "temporary").string(), "--innodb-buffer-pool-size=16M",
          "--innodb-log-file-size=8M", "--innodb-data-file-path=ibdata1:3M:autoextend",
          "--innodb-autoextend-increment=1", "--innodb-temp-data-file-path=ibtmp1:3M:autoextend",
          "--innodb-flush-method=nosync", "--skip-innodb-doublewrite", "--innodb-use-native-aio=0",
          "--innodb-buffer-pool-load-at-startup=0", "--innodb-buffer-pool-dump-at-shutdown=0",
          "--aria-log-file-size=8M", "--aria-pagecache-buffer-size=1M", "--key-buffer-size=1M",
          "--performance-schema=0", "--debug-no-sync"};
}

void MariaDbServer::make_data() const {
  std::string arguments;
  for (const std::string& argument : command()) arguments += argument + " ";
  const std::filesystem::path log = folder_.path() / "bootstrap";
  const ShellEnd end =
      run_shell({.text = fmt::format("{{ echo 'CREATE DATABASE mysql;'; echo 'USE mysql;'; cat {}; }} |"
                                     " {} --bootstrap >{} 2>&1",
                                     system_tables().string(), arguments, log.string()),
                 .directory = folder_.path()});
  if (end.exit_code != 0) throw Error(ErrorKind::Internal, "mariadbd --bootstrap: " + text_of(log) + end.errors);
}

void MariaDbServer::write_first_statements() const {
  std::string quoted;
  for (const char c : password()) quoted += c == '\'' ? "''" : std::string(1, c);
  std::ofstream(folder_.path() / "first.sql")
      << fmt::format("CREATE DATABASE IF NOT EXISTS {};\n", dbname())
      << fmt::format("CREATE USER IF NOT EXISTS '{}'@'%' IDENTIFIED BY '{}';\n", user(), quoted)
      << fmt::format("GRANT ALL ON {}.* TO '{}'@'%';\n", dbname(), user()) << options_.statements << "\n";
}

bool MariaDbServer::try_start() {
  ++starts_;
  std::vector<std::string> arguments = command();
  const auto path = [&](const char* name) { return (folder_.path() / name).string(); };
  for (const std::string& argument :
       {std::string("--skip-networking=0"), "--bind-address=" + host(), fmt::format("--port={}", port_),
        "--socket=" + path("socket"), "--pid-file=" + path("pid"), "--init-file=" + path("first.sql"),
        std::string("--skip-name-resolve")})
    arguments.push_back(argument);
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  process_ = std::make_unique<ChildProcess>(ChildOptions{.arguments = arguments, .output = output()});

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (process_->is_running() && std::chrono::steady_clock::now() < deadline) {
    if (log().find("ready for connections") != std::string::npos) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

std::filesystem::path MariaDbServer::output() const { return folder_.path() / fmt::format("output {}", starts_); }

std::string MariaDbServer::log() const { return text_of(output()); }

void MariaDbServer::kill() {
  process_->signal(SIGKILL);
  process_->wait();
}

void MariaDbServer::start() {
  if (!try_start()) throw Error(ErrorKind::Internal, "mariadbd: " + log());
}

void MariaDbServer::freeze() {
  process_->signal(SIGSTOP);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!has_stopped(process_->pid())) {
    if (std::chrono::steady_clock::now() > deadline) throw Error(ErrorKind::Internal, "mariadbd does not stop");
    ::poll(nullptr, 0, 1);
  }
}

void MariaDbServer::thaw() { process_->signal(SIGCONT); }

}  // namespace osbackup::test
