#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sql/connection.hpp"

namespace osbackup::sql {

/// One transaction on a connection, which outlives it. Rolled back unless commit() was reached. One thread at a time.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) { connection_.begin(); }
  ~Transaction() {
    if (!committed_) connection_.roll_back();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// As Connection::execute.
  std::uint64_t execute(std::string_view statement, const Values& values = {}) {
    return connection_.execute(statement, values);
  }
  /// As Connection::execute_many.
  std::uint64_t execute_many(std::string_view statement, std::span<const Values> rows) {
    return connection_.execute_many(statement, rows);
  }
  /// As Connection::query.
  std::vector<Row> query(std::string_view statement, std::size_t columns, const Values& values = {}) {
    return connection_.query(statement, columns, values);
  }

  /// From here on, and not before, what was written is safe.
  void commit() {
    connection_.commit();
    committed_ = true;
  }

 private:
  Connection& connection_;
  bool committed_ = false;
};

}  // namespace osbackup::sql
