#include "database/report_statements.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "core/time_format.hpp"
#include "database/report_time.hpp"

namespace osbackup::database {
namespace {

using sql::Dialect;
using Names = std::vector<std::string>;

const Names kReportKey = {"user", "hostname", "run_id"};
const Names kHostKey = {"user", "hostname"};

/// Besides the key. The attempt is the last: it decides about the others, and MariaDB assigns from left to right.
const Names kReportFields = {"ip",           "backup_state", "is_ok",        "backupfilename", "file_size",
                             "dirs",         "insert_time",  "backup_time",  "started_at",     "finished_at",
                             "sent_at",      "file_bytes",   "source_bytes", "files",          "changed_files",
                             "warnings",     "duration_ms",  "kind",         "sha256",         "manifest_sha256",
                             "verified",     "error",        "version",      "received_at",    "ended_at",
                             "skew_seconds", "attempt"};

/// A column of `hosts`, and the column of `backup_info` that it is a copy of.
struct Copy {
  std::string column;
  std::string source;
};
using Copies = std::vector<Copy>;

/// The run and the time are the last ones, as the attempt above.
const Copies kReportCopies = {{"report_attempt", "attempt"},
                              {"report_ip", "ip"},
                              {"report_backup_state", "backup_state"},
                              {"report_is_ok", "is_ok"},
                              {"report_backupfilename", "backupfilename"},
                              {"report_file_size", "file_size"},
                              {"report_error", "error"},
                              {"report_received_at", "received_at"},
                              {"report_skew_seconds", "skew_seconds"},
                              {"report_run_id", "run_id"},
                              {"report_time", "ended_at"}};
const Copies kSuccessCopies = {{"success_attempt", "attempt"},
                               {"success_ip", "ip"},
                               {"success_backupfilename", "backupfilename"},
                               {"success_file_size", "file_size"},
                               {"success_received_at", "received_at"},
                               {"success_run_id", "run_id"},
                               {"success_time", "ended_at"}};

constexpr std::string_view kIsSuccess = "{0}.backup_state = 1 AND {0}.is_ok = 1";

std::string list(const Names& names) { return fmt::format("{}", fmt::join(names, ", ")); }

Names columns_of(const Copies& copies) {
  Names columns;
  for (const Copy& copy : copies) columns.push_back(copy.column);
  return columns;
}

Names together(Names first, const Names& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// What the two databases say differently.
class Words {
 public:
  explicit Words(Dialect dialect) : is_sqlite_(dialect == Dialect::Sqlite) {}

  /// Between an INSERT and the assignments that take its place when the key is there.
  std::string when_there(const Names& key) const {
    return is_sqlite_ ? fmt::format(" ON CONFLICT ({}) DO UPDATE SET ", list(key)) : " ON DUPLICATE KEY UPDATE ";
  }

  /// The value that the INSERT would have put into the column.
  std::string offered(std::string_view column) const {
    return is_sqlite_ ? fmt::format("excluded.{}", column) : fmt::format("VALUES({})", column);
  }

  /// A parameter that is a JSON array of arrays of text, as the table `wanted` with a column for each name. It is read
  /// first, whatever the database thinks of the sizes of tables.
  std::string wanted(const Names& names) const {
    Names columns;
    for (std::size_t i = 0; i < names.size(); ++i)
      columns.push_back(is_sqlite_ ? fmt::format("json_extract(value, '$[{}]') AS {}", i, names[i])
                                   // Without a character set it would be that of the database.
                                   : fmt::format("{} VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                                                 " PATH '$[{}]'",
                                                 names[i], i));
    return is_sqlite_ ? fmt::format("(SELECT {} FROM json_each(?)) AS wanted", list(columns))
                      : fmt::format("JSON_TABLE(?, '$[*]' COLUMNS ({})) AS wanted", list(columns));
  }
  std::string_view then_join() const { return is_sqlite_ ? " CROSS JOIN " : " STRAIGHT_JOIN "; }

  /// Assigns what was offered, as long as the condition holds.
  std::string assign_if(std::string_view condition, std::string_view table, const Names& columns) const {
    Names assignments;
    for (const std::string& column : columns)
      assignments.push_back(
          fmt::format("{1} = CASE WHEN {0} THEN {2} ELSE {3}.{1} END", condition, column, offered(column), table));
    return list(assignments);
  }
  std::string assign(const Names& columns) const {
    Names assignments;
    for (const std::string& column : columns) assignments.push_back(fmt::format("{} = {}", column, offered(column)));
    return list(assignments);
  }

  /// An assignment that changes nothing, and counts as no change.
  std::string keep(const Names& key, std::string_view table) const {
    return is_sqlite_ ? fmt::format(" ON CONFLICT ({}) DO NOTHING", list(key))
                      : fmt::format("{0}{1} = {2}.{1}", when_there(key), key.front(), table);
  }

 private:
  bool is_sqlite_;
};

std::string put_report(const Words& words) {
  const Names columns = together(kReportKey, kReportFields);
  return fmt::format(
      "INSERT INTO backup_info ({}) VALUES ({}){}{}", list(columns), list(Names(columns.size(), "?")),
      words.when_there(kReportKey),
      words.assign_if(words.offered("attempt") + " > backup_info.attempt", "backup_info", kReportFields));
}

/// Whether the offered one is newer than the one that stands: by its time, and of two at one time by the run.
std::string is_newer(const Words& words, std::string_view prefix) {
  return fmt::format(
      "hosts.{0}_time IS NULL OR {1} > hosts.{0}_time OR ({1} = hosts.{0}_time AND {2} > hosts.{0}_run_id)", prefix,
      words.offered(fmt::format("{}_time", prefix)), words.offered(fmt::format("{}_run_id", prefix)));
}

const Names kHostColumns = together(kHostKey, together(columns_of(kReportCopies), columns_of(kSuccessCopies)));

std::string raise_hosts(const Words& words) {
  Names read = {"report.user", "report.hostname"};
  for (const Copy& copy : kReportCopies) read.push_back("report." + copy.source);
  for (const Copy& copy : kSuccessCopies)
    read.push_back(fmt::format("CASE WHEN {} THEN report.{} END", fmt::format(kIsSuccess, "report"), copy.source));
  // SQLite needs the WHERE, or would take what follows for the join's ON.
  return fmt::format(
      "INSERT INTO hosts ({}) SELECT {} FROM {}{}backup_info AS report ON report.user = wanted.user"
      " AND report.hostname = wanted.hostname AND report.run_id = wanted.run_id WHERE 1 = 1{}{}, {}",
      list(kHostColumns), list(read), words.wanted(kReportKey), words.then_join(), words.when_there(kHostKey),
      words.assign_if(is_newer(words, "report"), "hosts", columns_of(kReportCopies)),
      words.assign_if(is_newer(words, "success"), "hosts", columns_of(kSuccessCopies)));
}

std::string newest_of_host(std::string_view condition) {
  return fmt::format(
      "(SELECT id FROM backup_info AS candidate WHERE candidate.user = wanted.user AND candidate.hostname = "
      "wanted.hostname{}"
      " ORDER BY candidate.ended_at DESC, candidate.run_id DESC LIMIT 1)",
      condition);
}

std::string derive_hosts(const Words& words) {
  Names read = {"wanted.user", "wanted.hostname"};
  for (const Copy& copy : kReportCopies) read.push_back("report." + copy.source);
  for (const Copy& copy : kSuccessCopies) read.push_back("success." + copy.source);
  return fmt::format(
      "INSERT INTO hosts ({}) SELECT {} FROM {}{}backup_info AS report ON report.id = {}"
      " LEFT JOIN backup_info AS success ON success.id = {} WHERE 1 = 1{}{}",
      list(kHostColumns), list(read), words.wanted(kHostKey), words.then_join(), newest_of_host(""),
      newest_of_host(" AND " + fmt::format(kIsSuccess, "candidate")), words.when_there(kHostKey),
      words.assign(together(columns_of(kReportCopies), columns_of(kSuccessCopies))));
}

ReportStatements statements_of(const Words& words) {
  return {
      .put_report = put_report(words),
      .raise_hosts = raise_hosts(words),
      .hold_host = "INSERT INTO hosts (user, hostname) VALUES (?, ?)" + words.keep(kHostKey, "hosts"),
      .derive_hosts = derive_hosts(words),
      .add_receipt = "INSERT INTO counted (user, receipt, counted_at) VALUES (?, ?, ?)" +
                     words.keep({"user", "receipt"}, "counted"),
      .add_to_count = fmt::format("INSERT INTO backup_count (ip, count) VALUES (?, ?){}count = backup_count.count + {}",
                                  words.when_there({"ip"}), words.offered("count")),
      .set_aside =
          "INSERT INTO set_aside (kind, user, receipt, received_at, payload, reason) SELECT ?, ?, ?, ?, ?, ?"
          " FROM (SELECT 1) AS one WHERE NOT EXISTS (SELECT 1 FROM set_aside WHERE kind = ? AND user = ?"
          " AND receipt = ? AND payload = ?)"};
}

}  // namespace

sql::Values report_values(const ReceivedCall& call, const report::BackupReport& report) {
  const ReportTime time = report_time(report, call.received_at);
  return {call.user,
          report.hostname,
          call.receipt,
          report.ip,
          report.backup_state,
          report.is_ok,
          report.backupfilename,
          report.file_size,
          report.dirs,
          report.insert_time,
          report.backup_time,
          report.started_at,
          report.finished_at,
          report.sent_at,
          report.file_bytes,
          report.source_bytes,
          report.files,
          report.changed_files,
          report.warnings,
          report.duration_ms,
          report.kind,
          report.sha256,
          report.manifest_sha256,
          report.verified,
          report.error,
          report.version,
          rfc3339(call.received_at),
          time.ended_at,
          time.skew_seconds,
          report.attempt};
}

const ReportStatements& report_statements(Dialect dialect) {
  static const ReportStatements kSqlite = statements_of(Words(Dialect::Sqlite));
  static const ReportStatements kMariaDb = statements_of(Words(Dialect::MariaDb));
  return dialect == Dialect::Sqlite ? kSqlite : kMariaDb;
}

}  // namespace osbackup::database
