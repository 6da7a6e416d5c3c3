#include "sql/connection.hpp"

#include <algorithm>
#include <cassert>

#include "core/error.hpp"
#include "sql/mariadb_connection.hpp"
#include "sql/sqlite_connection.hpp"

namespace osbackup::sql {
namespace {

/// Whether a statement that failed so may have taken its whole transaction with it.
bool may_end_transaction(ErrorKind kind) {
  return kind != ErrorKind::Exists && kind != ErrorKind::NotFound && kind != ErrorKind::Usage &&
         kind != ErrorKind::Internal;
}

}  // namespace

/// Runs `action`, unless the connection or its transaction is lost: after a deadlock MariaDB has undone the
/// transaction, and what came next would be committed by itself.
template <class Action>
auto Connection::guarded(Action action) {
  if (broken_) throw Error(ErrorKind::Unavailable, "the connection to the database was lost");
  if (transaction_ == TransactionState::Failed)
    throw Error(ErrorKind::Unavailable, "the transaction has failed: begin it anew");
  try {
    return action();
  } catch (const Error& error) {
    if (transaction_ == TransactionState::Open && may_end_transaction(error.kind()))
      transaction_ = TransactionState::Failed;
    throw;
  }
}

std::uint64_t Connection::execute(std::string_view statement, const Values& values) {
  return guarded([&] { return run(statement, values); });
}

std::uint64_t Connection::execute_many(std::string_view statement, std::span<const Values> rows) {
  assert(transaction_ != TransactionState::None);
  if (rows.empty()) return 0;
  assert(!rows.front().empty());
  assert(std::all_of(rows.begin(), rows.end(), [&](const Values& row) { return row.size() == rows.front().size(); }));
  return guarded([&] { return run_many(statement, rows); });
}

std::vector<Row> Connection::query(std::string_view statement, std::size_t columns, const Values& values) {
  return guarded([&] { return fetch(statement, columns, values); });
}

void Connection::begin() {
  assert(transaction_ == TransactionState::None);
  execute(begin_statement());
  transaction_ = TransactionState::Open;
}

void Connection::commit() {
  execute("COMMIT");
  transaction_ = TransactionState::None;
}

void Connection::roll_back() noexcept {
  transaction_ = TransactionState::None;
  if (broken_) return;
  try {
    run("ROLLBACK", {});
  } catch (const std::exception&) {
    // Nothing is lost: the database undoes the transaction of a connection that is closed.
    broken_ = true;
  }
}

bool Connection::answers() noexcept {
  if (!broken_ && !ping()) broken_ = true;
  return !broken_;
}

std::unique_ptr<Connection> open_connection(const ConnectionOptions& options) {
  if (const auto* sqlite = std::get_if<SqliteOptions>(&options)) return std::make_unique<SqliteConnection>(*sqlite);
  return std::make_unique<MariaDbConnection>(std::get<MariaDbOptions>(options));
}

}  // namespace osbackup::sql
