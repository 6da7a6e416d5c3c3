#include "sql/migrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <optional>

#include "core/error.hpp"
#include "sql/transaction.hpp"

namespace osbackup::sql {
namespace {

// Together a minute, in pieces shorter than the silence that a connection allows its server.
constexpr int kLockAttempts = 60;
constexpr int kLockSeconds = 1;

bool is_mariadb(const Connection& connection) { return connection.dialect() == Dialect::MariaDb; }

void make_version_tables(Connection& connection) {
  connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY)");
  if (is_mariadb(connection))
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_progress (version INTEGER NOT NULL PRIMARY KEY, statements_done INTEGER NOT"
        " NULL, next_begun INTEGER NOT NULL)");
}

int newest_version(Connection& connection, std::string_view table) {
  const std::string query = fmt::format("SELECT COALESCE(MAX(version), 0) FROM {}", table);
  return static_cast<int>(connection.query(query, 1).at(0).integer(0));
}

std::span<const std::string_view> statements_of(const Migration& migration, const Connection& connection) {
  return is_mariadb(connection) && !migration.mariadb_statements.empty() ? migration.mariadb_statements
                                                                         : migration.statements;
}

/// Keeps other programs away from the schema of a database on this server. The server lets go with the connection.
class SchemaLock {
 public:
  explicit SchemaLock(Connection& connection) : connection_(connection) {
    for (int i = 0; i < kLockAttempts; ++i)
      if (connection.query(fmt::format("SELECT GET_LOCK({}, {})", kName, kLockSeconds), 1).at(0).optional_integer(0) ==
          1)
        return;
    throw Error(ErrorKind::Locked, "another program is bringing the database up to date: wait for it to end");
  }
  ~SchemaLock() {
    try {
      connection_.query(fmt::format("SELECT RELEASE_LOCK({})", kName), 1);
    } catch (const Error&) {
      // The connection is lost, and the lock with it.
    }
  }
  SchemaLock(const SchemaLock&) = delete;
  SchemaLock& operator=(const SchemaLock&) = delete;

 private:
  // Such names are the whole server's, and have 64 characters at most.
  static constexpr std::string_view kName = "LEFT(CONCAT('osbackup schema of ', DATABASE()), 64)";

  Connection& connection_;
};

/// How far a migration came on MariaDB, as it is stored.
struct Progress {
  std::size_t statements_done = 0;
  bool next_begun = false;  ///< Whether the next statement may be done as well.
};

Progress begin_or_go_on(Connection& connection, int version) {
  const std::vector<Row> rows =
      connection.query("SELECT statements_done, next_begun FROM schema_progress WHERE version = ?", 2, {version});
  if (!rows.empty()) return {static_cast<std::size_t>(rows[0].integer(0)), rows[0].integer(1) != 0};
  connection.execute("INSERT INTO schema_progress (version, statements_done, next_begun) VALUES (?, 0, 0)", {version});
  return {};
}

void store(Connection& connection, int version, const Progress& progress) {
  connection.execute("UPDATE schema_progress SET statements_done = ?, next_begun = ? WHERE version = ?",
                     {progress.statements_done, progress.next_begun ? 1 : 0, version});
}

/// Whether MariaDB commits such a statement by itself, so that it may be done and its progress not stored.
bool commits_by_itself(std::string_view statement) {
  return statement.starts_with("CREATE ") || statement.starts_with("ALTER ") || statement.starts_with("DROP ");
}

/// Runs one statement, and returns why the database did not take it. One that was begun before may turn out to be done.
std::optional<Error> refusal_of(Connection& connection, std::string_view statement, bool begun_before) {
  try {
    connection.execute(statement);
  } catch (const Error& error) {
    const bool is_done = error.kind() == ErrorKind::Exists || error.kind() == ErrorKind::NotFound;
    if (!is_done || !begun_before || !commits_by_itself(statement)) return error;
  }
  return std::nullopt;
}

void run_statement(Connection& connection, int version, std::string_view statement, Progress& progress) {
  store(connection, version, {progress.statements_done, true});
  std::optional<Error> refusal;
  {
    Transaction transaction(connection);
    refusal = refusal_of(connection, statement, progress.next_begun);
    if (!refusal) {
      progress = {progress.statements_done + 1, false};
      store(connection, version, progress);
      transaction.commit();
      return;
    }
  }
  // It is not done, for certain: what is there already when it is tried again is somebody else's.
  if (refusal->kind() != ErrorKind::Unavailable) store(connection, version, progress);
  throw Error(*refusal);
}

/// False when another program was first.
bool run_one_by_one(Connection& connection, const Migration& migration) {
  if (newest_version(connection, "schema_version") >= migration.version) return false;
  const std::span<const std::string_view> statements = statements_of(migration, connection);
  Progress progress = begin_or_go_on(connection, migration.version);
  while (progress.statements_done < statements.size())
    run_statement(connection, migration.version, statements[progress.statements_done], progress);
  Transaction transaction(connection);
  transaction.execute("INSERT INTO schema_version (version) VALUES (?)", {migration.version});
  transaction.execute("DELETE FROM schema_progress WHERE version = ?", {migration.version});
  transaction.commit();
  return true;
}

/// False when another program was first.
bool run_at_once(Connection& connection, const Migration& migration) {
  Transaction transaction(connection);
  if (newest_version(connection, "schema_version") >= migration.version) return false;
  for (const std::string_view statement : statements_of(migration, connection)) transaction.execute(statement);
  transaction.execute("INSERT INTO schema_version (version) VALUES (?)", {migration.version});
  transaction.commit();
  return true;
}

}  // namespace

int schema_version(Connection& connection) {
  make_version_tables(connection);
  return newest_version(connection, "schema_version");
}

int migrate(Connection& connection, std::span<const Migration> migrations) {
  const int wanted = migrations.empty() ? 0 : migrations.back().version;
  const int found = schema_version(connection);
  const int begun = is_mariadb(connection) ? newest_version(connection, "schema_progress") : 0;
  if (std::max(found, begun) > wanted)
    throw Error(ErrorKind::Usage, fmt::format("the database has schema version {}, this program knows {}: "
                                              "use the newer program that made it",
                                              std::max(found, begun), wanted));
  if (found == wanted) return 0;
  std::optional<SchemaLock> lock;
  if (is_mariadb(connection)) lock.emplace(connection);
  int applied = 0;
  int expected = 1;
  for (const Migration& migration : migrations) {
    assert(migration.version == expected);
    ++expected;
    if (migration.version <= found) continue;
    try {
      if (lock ? run_one_by_one(connection, migration) : run_at_once(connection, migration)) ++applied;
    } catch (const Error& error) {
      throw error.within(fmt::format("bring the database to schema version {}", migration.version));
    }
  }
  return applied;
}

}  // namespace osbackup::sql
