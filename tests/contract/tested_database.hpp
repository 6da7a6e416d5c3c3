#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "sql/connection_options.hpp"
#include "support/mariadb_server.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::sql {

/// An empty database with what it stands on, destroyed together.
struct TestedDatabase {
  std::shared_ptr<void> ground;
  ConnectionOptions options;
};

/// A kind of database that contract suites are run against.
struct DatabaseKind {
  std::string name;
  std::function<TestedDatabase()> make;

  /// What a runner shows beside the test's name.
  // GoogleTest gave the function its name.
  friend void PrintTo(const DatabaseKind& kind, std::ostream* out) {  // NOLINT(readability-identifier-naming)
    *out << kind.name;
  }
};

inline DatabaseKind sqlite() {
  return {"sqlite", [] {
            auto folder = std::make_shared<test::TemporaryFolder>();
            const SqliteOptions options{.file = folder->path() / "a.db", .busy_timeout = std::chrono::milliseconds(0)};
            return TestedDatabase{folder, options};
          }};
}

inline DatabaseKind mariadb() {
  return {"mariadb", [] {
            auto server = std::make_shared<test::MariaDbServer>();
            const MariaDbOptions options{.host = server->host(),
                                         .port = server->port(),
                                         .user = server->user(),
                                         .password = Secret(server->password()),
                                         .dbname = server->dbname(),
                                         .lock_timeout = std::chrono::seconds(1)};
            return TestedDatabase{server, options};
          }};
}

}  // namespace osbackup::sql
