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
  std::vector<std::string_view> statements;
};

/// The version that the database has (table `schema_version`); 0 when it is new.
int schema_version(Connection& connection);

/// Brings the database to the last of `migrations`, which are numbered 1, 2, … Each runs in a transaction of its own,
/// and several programs may start it at once. Returns how many were run. Usage when the database is newer than the
/// program, which then must not touch it.
int migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace osbackup::sql
