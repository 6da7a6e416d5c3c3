#include "sql/migrations.hpp"

#include <fmt/format.h>

#include <cassert>

#include "core/error.hpp"
#include "sql/transaction.hpp"

namespace osbackup::sql {
namespace {

void make_version_table(Connection& connection) {
  connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY)");
}

int newest_version(Connection& connection) {
  return static_cast<int>(connection.query("SELECT COALESCE(MAX(version), 0) FROM schema_version", 1).at(0).integer(0));
}

/// False when another program was first.
bool run(Connection& connection, const Migration& migration) {
  Transaction transaction(connection);
  if (newest_version(connection) >= migration.version) return false;
  for (const std::string_view statement : migration.statements) transaction.execute(statement);
  transaction.execute("INSERT INTO schema_version (version) VALUES (?)", {migration.version});
  transaction.commit();
  return true;
}

}  // namespace

int schema_version(Connection& connection) {
  make_version_table(connection);
  return newest_version(connection);
}

int migrate(Connection& connection, std::span<const Migration> migrations) {
  const int wanted = migrations.empty() ? 0 : migrations.back().version;
  const int found = schema_version(connection);
  if (found > wanted)
    throw Error(ErrorKind::Usage, fmt::format("the database has schema version {}, this program knows {}: "
                                              "use the newer program that made it",
                                              found, wanted));
  int applied = 0;
  int expected = 1;
  for (const Migration& migration : migrations) {
    assert(migration.version == expected);
    ++expected;
    try {
      if (migration.version > found && run(connection, migration)) ++applied;
    } catch (const Error& error) {
      throw error.within(fmt::format("bring the database to schema version {}", migration.version));
    }
  }
  return applied;
}

}  // namespace osbackup::sql
