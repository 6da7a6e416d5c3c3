#pragma once

#include <string>

#include "database/received_call.hpp"
#include "report/backup_report.hpp"
#include "sql/connection.hpp"

namespace osbackup::database {

/// What ReportStore writes by, in the words of one database. Each may be run again and changes nothing then; where
/// several rows are written, rows in the order of their keys keep two writers from waiting for each other. Immutable.
struct ReportStatements {
  /// Puts a report into `backup_info`, or in place of a lower attempt. Takes
  /// report_values().
  std::string put_report;

  /// Lets reports that stand in `backup_info` stand for their hosts, as far as they are newer than what does. Takes a
  /// JSON array of `[user, hostname, run_id]`.
  std::string raise_hosts;

  /// Makes sure that a host has a row, and keeps other writers from it until the transaction ends. Takes user,
  /// hostname.
  std::string hold_host;

  /// Finds out from all reports of hosts which stand for them. Takes a JSON array of `[user, hostname]`, all held.
  std::string derive_hosts;

  /// Changes one row when the receipt is new, none when it is known. Takes user, receipt, counted_at.
  std::string add_receipt;

  /// Takes ip, and how much to add.
  std::string add_to_count;

  /// Takes kind, user, receipt, received_at, payload, reason; then once more kind, user, receipt, payload.
  std::string set_aside;
};

/// The statements for a connection of this dialect.
const ReportStatements& report_statements(sql::Dialect dialect);

/// What put_report takes.
sql::Values report_values(const ReceivedCall& call, const report::BackupReport& report);

}  // namespace osbackup::database
