#pragma once

#include <memory>

#include "sql/connection.hpp"

namespace osbackup::sql {

/// A connection to a MariaDB or MySQL server: utf8mb4, UTC, strict, InnoDB, transactions that read what is committed.
/// That a commit survives a loss of power is the server's setting (`innodb_flush_log_at_trx_commit = 1`, its default).
class MariaDbConnection final : public Connection {
 public:
  /// Connects. LoginRefused, Denied, NotFound (the database), Unavailable.
  explicit MariaDbConnection(const MariaDbOptions& options);
  ~MariaDbConnection() override;

  Dialect dialect() const noexcept override { return Dialect::MariaDb; }

 private:
  struct Parts;

  std::uint64_t run(std::string_view statement, const Values& values) override;
  std::uint64_t run_many(std::string_view statement, std::span<const Values> rows) override;
  std::vector<Row> fetch(std::string_view statement, std::size_t columns, const Values& values) override;
  std::string_view begin_statement() const noexcept override { return "START TRANSACTION"; }
  bool ping() noexcept override;

  template <class Action>
  auto watched(Action action);

  std::unique_ptr<Parts> parts_;
};

}  // namespace osbackup::sql
