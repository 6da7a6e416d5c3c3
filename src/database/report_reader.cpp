#include "database/report_reader.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace osbackup::database {
namespace {

using report::BackupReport;

constexpr std::string_view kColumns =
    "user, received_at, ip, hostname, backup_state, is_ok, backupfilename, file_size, dirs, insert_time, backup_time,"
    " run_id, attempt, started_at, finished_at, sent_at, file_bytes, source_bytes, files, changed_files, warnings,"
    " duration_ms, kind, sha256, manifest_sha256, verified, error, version";
constexpr std::size_t kColumnCount = 28;

/// Goes through a row from its first column to its last.
class ColumnCursor {
 public:
  explicit ColumnCursor(const sql::Row& row) : row_(row) {}

  std::string text() { return row_.text(next_++); }
  std::optional<std::string> optional_text() { return row_.optional_text(next_++); }
  bool flag() { return row_.integer(next_++) != 0; }
  std::optional<bool> optional_flag() {
    const std::optional<std::int64_t> value = row_.optional_integer(next_++);
    return value ? std::optional(*value != 0) : std::nullopt;
  }
  std::uint64_t number() { return static_cast<std::uint64_t>(row_.integer(next_++)); }
  std::optional<std::uint64_t> optional_number() {
    const std::optional<std::int64_t> value = row_.optional_integer(next_++);
    return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
  }

 private:
  const sql::Row& row_;
  std::size_t next_ = 0;
};

/// Reads the columns in the order of kColumns.
StoredReport stored_report(const sql::Row& row) {
  ColumnCursor columns(row);
  StoredReport stored;
  BackupReport& report = stored.report;
  stored.user = columns.text();
  stored.received_at = columns.text();
  report.ip = columns.text();
  report.hostname = columns.text();
  report.backup_state = columns.flag();
  report.is_ok = columns.flag();
  report.backupfilename = columns.text();
  report.file_size = columns.text();
  report.dirs = columns.text();
  report.insert_time = columns.text();
  report.backup_time = columns.text();
  report.run_id = columns.text();
  report.attempt = static_cast<std::uint32_t>(columns.number());
  report.started_at = columns.optional_text();
  report.finished_at = columns.optional_text();
  report.sent_at = columns.optional_text();
  report.file_bytes = columns.optional_number();
  report.source_bytes = columns.optional_number();
  report.files = columns.optional_number();
  report.changed_files = columns.optional_number();
  report.warnings = columns.optional_number();
  report.duration_ms = columns.optional_number();
  report.kind = columns.optional_text();
  report.sha256 = columns.optional_text();
  report.manifest_sha256 = columns.optional_text();
  report.verified = columns.optional_flag();
  report.error = columns.optional_text();
  report.version = columns.optional_text();
  return stored;
}

}  // namespace

std::vector<StoredReport> ReportReader::find(const WantedReports& wanted) {
  sql::Values values = {wanted.backupfilename, wanted.backupfilename};
  if (wanted.user) values.emplace_back(*wanted.user);
  values.emplace_back(wanted.count_max);
  // To MariaDB a name is the same with blanks behind it; with something behind these they count.
  const std::string statement = fmt::format(
      "SELECT {} FROM backup_info WHERE backupfilename = ? AND backupfilename || '.' = ? || '.'{}"
      " ORDER BY received_at DESC, id DESC LIMIT ?",
      kColumns, wanted.user ? " AND user = ?" : "");
  const sql::ConnectionPool::Lease connection = pool_.lease();
  std::vector<StoredReport> found;
  for (const sql::Row& row : connection->query(statement, kColumnCount, values)) found.push_back(stored_report(row));
  return found;
}

}  // namespace osbackup::database
