#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/backup_report.hpp"
#include "sql/connection_pool.hpp"

namespace osbackup::database {

/// A report as `backup_info` has it.
struct StoredReport {
  report::BackupReport report;  ///< Its `run_id` is the receipt: one made at acceptance if the host sent none.
  std::string user;             ///< Who reported it.
  std::string received_at;      ///< RFC 3339, UTC, whole seconds.

  bool operator==(const StoredReport&) const = default;
};

/// Which reports are wanted.
struct WantedReports {
  std::string backupfilename;
  std::optional<std::string> user{};  ///< Only what this user reported.
  std::size_t count_max = 0;
};

/// Reads the reports that were written. Neither waits for the writing nor holds it up, as long as the pool is another
/// than that of ReportStore. Thread-safe.
class ReportReader {
 public:
  /// `pool` outlives the reader, and its database has the schema of migrations().
  explicit ReportReader(sql::ConnectionPool& pool) : pool_(pool) {}

  /// The reports of an archive, the one that was received last first. Throws what sql::Connection throws.
  std::vector<StoredReport> find(const WantedReports& wanted);

 private:
  sql::ConnectionPool& pool_;
};

}  // namespace osbackup::database
