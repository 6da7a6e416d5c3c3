#include "server/program.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>

#include "config/server_config.hpp"
#include "core/error.hpp"
#include "database/schema.hpp"
#include "server/command_line.hpp"
#include "server/connection_options.hpp"
#include "server/file_limit.hpp"
#include "server/log.hpp"
#include "server/password_source.hpp"
#include "server/service.hpp"
#include "system/signal_watch.hpp"

namespace osbackup::server {
namespace {

constexpr const char* kDefaultConfig = "/etc/osbackup/osbackupd.conf";
constexpr std::uint64_t kFilesBesidesConnections = 64;  // Databases, log, and the connections that are refused.

config::ServerConfig load_config(const Command& command) {
  if (command.config) return config::load_server_config(*command.config);
  if (std::filesystem::exists(kDefaultConfig)) return config::load_server_config(kDefaultConfig);
  return config::default_server_config();
}

/// The database, at this program's schema.
class OpenDatabase {
 public:
  explicit OpenDatabase(const config::ServerConfig& config)
      : pool_({.connection = connection_options(config.database), .connections_max = 1}),
        applied_(sql::migrate(*pool_.lease(), database::migrations())) {}

  sql::ConnectionPool& pool() noexcept { return pool_; }
  int applied() const noexcept { return applied_; }

 private:
  sql::ConnectionPool pool_;
  int applied_;
};

void check_file_limit(const config::ServerConfig& config, spdlog::logger& log) {
  const std::uint64_t files = raise_file_limit();
  if (config.server.max_connections + kFilesBesidesConnections > files)
    log.warn("max_connections = {} does not fit into {} open files: lower it, or raise the limit (LimitNOFILE)",
             config.server.max_connections, files);
}

void serve(const config::ServerConfig& config) {
  // Before the watch, which leaves alone what is ignored: nothing is read again yet, and nothing is to end.
  std::signal(SIGHUP, SIG_IGN);
  // First, since it blocks the signals for the threads that start later.
  const system::SignalWatch signals(nullptr);
  const std::shared_ptr<spdlog::logger> log = open_log(config.log);
  check_file_limit(config, *log);
  Service service(config, *log);
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, signals.stop_token(), [] { return false; });
  service.stop();
}

void add_user(const Command& command, const config::ServerConfig& config) {
  OpenDatabase database(config);
  const Secret password =
      command.password_file ? read_password_file(*command.password_file) : ask_for_password(command.user);
  database::UserStore(database.pool())
      .add({.name = command.user, .role = command.role, .password = password}, SystemClock().now());
  fmt::print("added {} ({})\n", command.user, database::name_of(command.role));
}

void list_users(const config::ServerConfig& config) {
  OpenDatabase database(config);
  for (const database::User& user : database::UserStore(database.pool()).list())
    fmt::print("{}\t{}\t{}\n", user.name, database::name_of(user.role), user.created_at);
}

void remove_user(const Command& command, const config::ServerConfig& config) {
  OpenDatabase database(config);
  database::UserStore(database.pool()).remove(command.user);
  fmt::print("removed {}\n", command.user);
}

void migrate(const config::ServerConfig& config) {
  OpenDatabase database(config);
  fmt::print("{}: schema version {}, {} steps applied\n", sql::name_of(connection_options(config.database)),
             sql::schema_version(*database.pool().lease()), database.applied());
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  const Command command = parse_command_line(argc, argv);
  if (command.verb == Command::Verb::ShowText) {
    fmt::print("{}", command.text);
    return 0;
  }
  umask(077);  // Whatever this program makes holds reports or logins.
  const config::ServerConfig config = load_config(command);
  switch (command.verb) {
    case Command::Verb::Serve:
      serve(config);
      break;
    case Command::Verb::UserAdd:
      add_user(command, config);
      break;
    case Command::Verb::UserList:
      list_users(config);
      break;
    case Command::Verb::UserRemove:
      remove_user(command, config);
      break;
    case Command::Verb::Migrate:
      migrate(config);
      break;
    case Command::Verb::ShowText:
      break;
  }
  return 0;
}

}  // namespace osbackup::server
