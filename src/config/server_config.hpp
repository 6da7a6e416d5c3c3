#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/secret.hpp"

namespace osbackup::config {

/// `[DB]` with `host`: a database on a MariaDB or MySQL server.
struct MariaDbSettings {
  std::string host;  ///< A name or an address.
  std::uint16_t port = 3306;
  std::string user;
  Secret password;
  std::string dbname = "os_backup";
};

/// `[DB]`.
struct DatabaseSettings {
  std::optional<MariaDbSettings> mariadb;
  std::filesystem::path path = "/var/lib/osbackupd/os_backup.db";  ///< Of the SQLite database when there is no other.
  std::size_t pool = 4;                                            ///< Connections.
};

/// `[Server]`.
struct ListenSettings {
  std::string listen = "0.0.0.0";  ///< An IPv4 or IPv6 address.
  std::uint16_t port = 80;
  std::size_t threads = 2;
  std::size_t max_body_bytes = std::size_t{64} * 1024;
  std::size_t max_connections = 10'000;
  std::chrono::seconds request_timeout{15};
  std::vector<std::string> trusted_proxies;  ///< Addresses whose X-Forwarded-For counts.
};

/// `[Queue]`.
struct QueueSettings {
  std::filesystem::path path = "/var/lib/osbackupd/queue";  ///< A directory; the journal lies in it.
  std::uint64_t limit = 1'000'000;                          ///< Calls held before new ones are refused with 503.
};

/// `[Log]`.
struct ServerLogSettings {
  std::string level = "info";  ///< error, warning, info or debug.
  std::filesystem::path file;  ///< Empty: standard error.
};

/// osbackupd's configuration, checked. Every section may be missing.
struct ServerConfig {
  DatabaseSettings database;
  ListenSettings server;
  QueueSettings queue;
  ServerLogSettings log;
};

/// Reads and checks the file. Usage names file, line and what was expected.
ServerConfig load_server_config(const std::filesystem::path& file);

/// The defaults: what holds when there is no configuration file.
ServerConfig default_server_config();

}  // namespace osbackup::config
