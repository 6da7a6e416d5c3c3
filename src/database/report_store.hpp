#pragma once

#include <span>
#include <string>
#include <vector>

#include "database/received_call.hpp"
#include "sql/connection_pool.hpp"
#include "sql/transaction.hpp"

namespace osbackup::database {

/// A call that the database refused for good; it is kept in `set_aside`.
struct SetAside {
  std::string receipt;
  std::string reason;
};

/// Writes accepted calls into the tables of docs/protocol.md. Writing the same call again changes nothing, nor does an
/// attempt of a run after a higher one. The order of calls decides nothing else as long as reports tell when they
/// ended: one without `finished_at` counts for its host from its arrival. Thread-safe.
class ReportStore {
 public:
  /// `pool` outlives the store, and its database has the schema of migrations().
  explicit ReportStore(sql::ConnectionPool& pool) : pool_(pool) {}

  /// Writes all calls, in one transaction as long as the database takes them. Those that it refuses for good are set
  /// aside and returned: for what they hold, a constraint or a trigger refuses them. Whatever else goes wrong is
  /// thrown, of any kind: then the database is in trouble, and the calls are to be written again later.
  std::vector<SetAside> apply(std::span<const ReceivedCall> calls);

  /// Drops the receipts of calls that were counted before `time`. Returns how many.
  std::uint64_t forget_receipts_before(TimePoint time);

 private:
  sql::ConnectionPool& pool_;
};

}  // namespace osbackup::database
