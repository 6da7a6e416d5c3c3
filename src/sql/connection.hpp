#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sql/connection_options.hpp"
#include "sql/value.hpp"

namespace osbackup::sql {

/// The SQL that a database understands.
enum class Dialect { Sqlite, MariaDb };

/// One connection to a database, in which what was committed survives a loss of power.
///
/// Not shared between threads. Statements are written with `?` for each value. Every function throws Error, whose text
/// holds the database's own reason and never a bound value: Locked (a deadlock, for which the transaction was undone:
/// begin it anew), Unavailable (away, or locked for long: do it again later), NoSpace, Denied, LoginRefused, NotFound
/// (there is no such database), Corrupt, Exists (a constraint refused the row, or what was to be made is there), Usage
/// (a value does not fit), Internal (the statement is wrong).
class Connection {
 public:
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virtual Dialect dialect() const noexcept = 0;

  /// Runs a statement. Returns how many rows it changed; in an upsert MariaDB counts a row that it replaced as two, and
  /// a row that stays as it is as none.
  std::uint64_t execute(std::string_view statement, const Values& values = {});

  /// Runs a statement once for each of `rows`, all of one length and not empty, in as few round trips as the database
  /// allows. Within a transaction only: what an error leaves behind is undone by rolling back. Returns the sum of what
  /// execute() does.
  std::uint64_t execute_many(std::string_view statement, std::span<const Values> rows);

  /// Runs a statement that gives rows of `columns` columns, and fetches them all.
  std::vector<Row> query(std::string_view statement, std::size_t columns, const Values& values = {});

  /// Begins a transaction. In SQLite it may write from the start, so that it cannot fail for a lock halfway.
  void begin();

  /// When it throws Unavailable the transaction may have been committed all the same.
  void commit();

  /// Undoes the open transaction. When that fails the connection is broken.
  void roll_back() noexcept;

  /// Whether the connection was lost: from then on everything is Unavailable, and a new one is to be opened.
  bool broken() const noexcept { return broken_; }

  /// Whether the database answers, asked of it now. When it does not, the connection is broken.
  bool answers() noexcept;

 protected:
  Connection() = default;
  void mark_broken() noexcept { broken_ = true; }

 private:
  enum class TransactionState { None, Open, Failed };

  virtual std::uint64_t run(std::string_view statement, const Values& values) = 0;
  virtual std::uint64_t run_many(std::string_view statement, std::span<const Values> rows) = 0;
  virtual std::vector<Row> fetch(std::string_view statement, std::size_t columns, const Values& values) = 0;
  virtual std::string_view begin_statement() const noexcept = 0;
  virtual bool ping() noexcept = 0;

  template <class Action>
  auto guarded(Action action);

  TransactionState transaction_ = TransactionState::None;
  bool broken_ = false;
};

/// Opens the database, as SqliteConnection or MariaDbConnection say.
std::unique_ptr<Connection> open_connection(const ConnectionOptions& options);

}  // namespace osbackup::sql
