#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/connection.hpp"

namespace osbackup::sql {

/// One step of a schema: what brings a database from version - 1 to `version`.
struct Migration {
  int version = 0;
  std::vector<std::string_view> statements;            ///< For SQLite.
  std::vector<std::string_view> mariadb_statements{};  ///< For MariaDB; the same as for SQLite when there are none.
};

/// The version that the database has (table `schema_version`); 0 when it is new.
int schema_version(Connection& connection);

/// Brings the database to the last of `migrations`, which are numbered 1, 2, … Returns how many were run. Several
/// programs may start it at once, and it may be interrupted at any point: started again, it goes on.
///
/// In SQLite each migration is a transaction. MariaDB commits with every statement that makes or changes a table: there
/// they are run one by one, a program at a time, and how far they came is kept in the table `schema_progress`.
///
/// Usage when the database is newer than the program, which then must not touch it; Locked when another program is at
/// it for longer than a minute.
int migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace osbackup::sql
