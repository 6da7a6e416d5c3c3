#pragma once

#include <memory>

#include "sql/connection.hpp"

namespace osbackup::sql {

struct SqliteSession;

/// A connection to a SQLite database (WAL, synchronous=FULL).
class SqliteConnection final : public Connection {
 public:
  /// Opens the database. A missing file is made with mode 0600, a missing directory with 0700; a file that others may
  /// read is closed to them, a link is refused (Denied).
  explicit SqliteConnection(SqliteOptions options);
  ~SqliteConnection() override;

  Dialect dialect() const noexcept override { return Dialect::Sqlite; }

 private:
  std::uint64_t run(std::string_view statement, const Values& values) override;
  std::uint64_t run_many(std::string_view statement, std::span<const Values> rows) override;
  std::vector<Row> fetch(std::string_view statement, std::size_t columns, const Values& values) override;
  std::string_view begin_statement() const noexcept override { return "BEGIN IMMEDIATE"; }
  bool ping() noexcept override { return true; }

  SqliteOptions options_;
  std::unique_ptr<SqliteSession> session_;
};

}  // namespace osbackup::sql
