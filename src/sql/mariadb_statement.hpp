#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sql/mariadb_session.hpp"
#include "sql/value.hpp"

namespace osbackup::sql {

/// A statement that the server keeps prepared; values travel beside it. The session outlives it. Throws Error, after
/// which it is not to be used again. One thread at a time.
class MariaDbStatement {
 public:
  MariaDbStatement(MariaDbSession& session, std::string_view text);

  /// Returns how many rows it changed.
  std::uint64_t execute(const Values& values);

  /// The same for each of several rows of values, in one message; for a session that has_bulk().
  std::uint64_t execute_bulk(std::span<const Values> rows);

  std::vector<Row> query(std::size_t columns, const Values& values);

 private:
  struct Close {
    void operator()(MYSQL_STMT* statement) const noexcept { mysql_stmt_close(statement); }
  };

  void run(std::span<MYSQL_BIND> parameters, unsigned rows);
  std::vector<Row> stored_rows(std::size_t columns);

  MariaDbSession* session_;
  std::unique_ptr<MYSQL_STMT, Close> handle_;
};

}  // namespace osbackup::sql
