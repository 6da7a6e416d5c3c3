#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "contract/tested_database.hpp"
#include "core/time_format.hpp"
#include "database/received_call.hpp"
#include "database/schema.hpp"
#include "report/backup_report.hpp"
#include "sql/connection_pool.hpp"
#include "sql/migrations.hpp"

namespace osbackup::database {

inline TimePoint at(std::string_view text) { return parse_rfc3339(text).value(); }

inline constexpr std::string_view kReceived = "2026-11-23T10:00:00Z";

/// The run of this number.
inline std::string run(int number) {
  const std::string digits = std::to_string(number);
  return "0a1b2c3d-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

/// The nine fields that every report has, of a backup that succeeded.
inline report::BackupReport report_from(const std::string& hostname) {
  report::BackupReport report;
  report.ip = "192.0.2.7";
  report.hostname = hostname;
  report.backup_state = true;
  report.is_ok = true;
  report.backupfilename = "a.zip";
  report.file_size = "100MB";
  report.dirs = "/etc";
  report.insert_time = "2026-11-23 10:00:00";
  report.backup_time = "2026-11-23 09:30:00";
  return report;
}

/// A call as the server queues it. The receipt is the report's run id, else `old`.
inline ReceivedCall call_of(const report::BackupReport& report, std::string_view received_at = kReceived) {
  return {.kind = CallKind::Report,
          .receipt = report.run_id.value_or("old"),
          .user = "agent",
          .received_at = at(received_at),
          .payload = json::serialize(report::to_json(report))};
}

/// A call to be counted, as the server queues it.
inline ReceivedCall count_of(const std::string& ip, const std::string& receipt, const std::string& user = "agent") {
  return {.kind = CallKind::Count, .receipt = receipt, .user = user, .received_at = at(kReceived), .payload = ip};
}

/// A database of one kind, with the schema of migrations().
class ReportDatabase {
 public:
  explicit ReportDatabase(const sql::DatabaseKind& kind) : tested_(kind.make()) {
    sql::migrate(*pool_.lease(), migrations());
  }

  const sql::ConnectionOptions& options() const { return tested_.options; }
  sql::ConnectionPool& pool() { return pool_; }

  /// The only row of `columns` as text, NULL shown as `-`.
  std::string row(const std::string& columns, const std::string& rest) {
    const std::size_t count = static_cast<std::size_t>(std::count(columns.begin(), columns.end(), ',')) + 1;
    const auto rows = pool_.lease()->query("SELECT " + columns + " FROM " + rest, count);
    EXPECT_EQ(rows.size(), 1U) << rest;
    std::string out;
    for (std::size_t i = 0; !rows.empty() && i < count; ++i)
      out += (i > 0 ? " " : "") + rows[0].optional_text(i).value_or("-");
    return out;
  }
  std::int64_t count_rows(const std::string& table) {
    return pool_.lease()->query("SELECT COUNT(*) FROM " + table, 1).at(0).integer(0);
  }

 private:
  sql::TestedDatabase tested_;
  sql::ConnectionPool pool_{{.connection = tested_.options, .connections_max = 2}};
};

}  // namespace osbackup::database
