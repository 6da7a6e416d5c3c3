#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

#include "core/secret.hpp"

namespace osbackup::sql {

/// A SQLite database in a file.
struct SqliteOptions {
  std::filesystem::path file;
  std::chrono::milliseconds busy_timeout{5000};  ///< How long to wait for somebody else's lock.
};

/// A database on a MariaDB or MySQL server.
struct MariaDbOptions {
  std::string host;  ///< A name or an address; always reached over TCP.
  std::uint16_t port = 3306;
  std::string user;
  Secret password;
  std::string dbname;
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds read_timeout{30};   ///< The longest silence of the server while it answers.
  std::chrono::seconds write_timeout{30};  ///< The longest it may take nothing in.
  std::chrono::seconds lock_timeout{5};    ///< How long to wait for somebody else's lock on a row or a table.
};

/// Which database, and how long to wait for it.
using ConnectionOptions = std::variant<SqliteOptions, MariaDbOptions>;

/// What people know the database by: `/var/lib/osbackupd/os_backup.db`, `os_backup at db.example.net:3306`.
std::string name_of(const ConnectionOptions& options);

}  // namespace osbackup::sql
