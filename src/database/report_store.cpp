#include "database/report_store.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/ip_address.hpp"
#include "core/time_format.hpp"
#include "database/report_time.hpp"
#include "report/backup_report.hpp"

namespace osbackup::database {
namespace {

using report::BackupReport;

constexpr std::string_view kInsertReport =
    "INSERT INTO backup_info (user, hostname, run_id, attempt, ip, backup_state, is_ok, backupfilename, file_size, "
    "dirs,"
    " insert_time, backup_time, started_at, finished_at, sent_at, file_bytes, source_bytes, files, changed_files,"
    " warnings, duration_ms, kind, sha256, manifest_sha256, verified, error, version, received_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (user, hostname, run_id) DO UPDATE SET attempt = excluded.attempt, ip = excluded.ip,"
    " backup_state = excluded.backup_state, is_ok = excluded.is_ok, backupfilename = excluded.backupfilename,"
    " file_size = excluded.file_size, dirs = excluded.dirs, insert_time = excluded.insert_time,"
    " backup_time = excluded.backup_time, started_at = excluded.started_at, finished_at = excluded.finished_at,"
    " sent_at = excluded.sent_at, file_bytes = excluded.file_bytes, source_bytes = excluded.source_bytes,"
    " files = excluded.files, changed_files = excluded.changed_files, warnings = excluded.warnings,"
    " duration_ms = excluded.duration_ms, kind = excluded.kind, sha256 = excluded.sha256,"
    " manifest_sha256 = excluded.manifest_sha256, verified = excluded.verified, error = excluded.error,"
    " version = excluded.version, received_at = excluded.received_at"
    " WHERE excluded.attempt > backup_info.attempt";

constexpr std::string_view kInsertHost =
    "INSERT INTO hosts (user, hostname) VALUES (?, ?) ON CONFLICT (user, hostname) DO NOTHING";

constexpr std::string_view kUpdateReport =
    "UPDATE hosts SET report_run_id = ?, report_attempt = ?, report_time = ?, report_ip = ?, report_backup_state = ?,"
    " report_is_ok = ?, report_backupfilename = ?, report_file_size = ?, report_error = ?, report_received_at = ?,"
    " report_skew_seconds = ?"
    " WHERE user = ? AND hostname = ? AND (report_time IS NULL OR CASE WHEN report_run_id = ? THEN report_attempt < ?"
    " ELSE report_time < ? OR (report_time = ? AND report_run_id < ?) END)";

constexpr std::string_view kUpdateSuccess =
    "UPDATE hosts SET success_run_id = ?, success_attempt = ?, success_time = ?, success_ip = ?,"
    " success_backupfilename = ?, success_file_size = ?, success_received_at = ?"
    " WHERE user = ? AND hostname = ? AND (success_time IS NULL OR CASE WHEN success_run_id = ?"
    " THEN success_attempt < ? ELSE success_time < ? OR (success_time = ? AND success_run_id < ?) END)";

constexpr std::string_view kInsertReceipt =
    "INSERT INTO counted (user, receipt, counted_at) VALUES (?, ?, ?) ON CONFLICT (user, receipt) DO NOTHING";

constexpr std::string_view kAddOne =
    "INSERT INTO backup_count (ip, count) VALUES (?, 1) ON CONFLICT (ip) DO UPDATE SET count = backup_count.count + 1";

constexpr std::string_view kSetAside =
    "INSERT INTO set_aside (kind, user, receipt, received_at, payload, reason) SELECT ?, ?, ?, ?, ?, ?"
    " WHERE NOT EXISTS (SELECT 1 FROM set_aside WHERE kind = ? AND user = ? AND receipt = ? AND payload = ?)";

std::string_view name_of(CallKind kind) { return kind == CallKind::Count ? "count" : "report"; }

/// Whether another try of the same call would fail in the same way.
bool is_final(ErrorKind kind) {
  return kind == ErrorKind::Usage || kind == ErrorKind::Exists || kind == ErrorKind::Internal;
}

BackupReport report_of(const ReceivedCall& call) {
  try {
    return report::report_from_json(json::parse(call.payload));
  } catch (const Error& error) {
    // Not Corrupt, which would say that the database is.
    throw Error(ErrorKind::Usage, error.what());
  }
}

void write_count(sql::Transaction& transaction, const ReceivedCall& call) {
  if (canonical_address(call.payload) != call.payload)
    throw Error(ErrorKind::Usage, "the call to be counted has no address");
  const bool first = transaction.execute(kInsertReceipt, {call.user, call.receipt, rfc3339(call.received_at)}) == 1;
  if (first) transaction.execute(kAddOne, {call.payload});
}

void write_host(sql::Transaction& transaction, const ReceivedCall& call, const BackupReport& report) {
  const ReportTime time = report_time(report, call.received_at);
  const std::string received_at = rfc3339(call.received_at);
  transaction.execute(kInsertHost, {call.user, report.hostname});
  transaction.execute(kUpdateReport,
                      {call.receipt, report.attempt, time.ended_at, report.ip, report.backup_state, report.is_ok,
                       report.backupfilename, report.file_size, report.error, received_at, time.skew_seconds, call.user,
                       report.hostname, call.receipt, report.attempt, time.ended_at, time.ended_at, call.receipt});
  if (!report.backup_state || !report.is_ok) return;
  transaction.execute(kUpdateSuccess, {call.receipt, report.attempt, time.ended_at, report.ip, report.backupfilename,
                                       report.file_size, received_at, call.user, report.hostname, call.receipt,
                                       report.attempt, time.ended_at, time.ended_at, call.receipt});
}

void write_report(sql::Transaction& transaction, const ReceivedCall& call) {
  const BackupReport report = report_of(call);
  const bool stands =
      transaction.execute(
          kInsertReport, {call.user,           report.hostname,     call.receipt,         report.attempt,
                          report.ip,           report.backup_state, report.is_ok,         report.backupfilename,
                          report.file_size,    report.dirs,         report.insert_time,   report.backup_time,
                          report.started_at,   report.finished_at,  report.sent_at,       report.file_bytes,
                          report.source_bytes, report.files,        report.changed_files, report.warnings,
                          report.duration_ms,  report.kind,         report.sha256,        report.manifest_sha256,
                          report.verified,     report.error,        report.version,       rfc3339(call.received_at)}) ==
      1;
  // A superseded attempt that comes late must not stand for its host, nor must a call that was written before.
  if (stands) write_host(transaction, call, report);
}

void write(sql::Transaction& transaction, const ReceivedCall& call) {
  if (call.kind == CallKind::Count)
    write_count(transaction, call);
  else
    write_report(transaction, call);
}

void set_aside(sql::Connection& connection, const ReceivedCall& call, const std::string& reason) {
  sql::Transaction transaction(connection);
  transaction.execute(kSetAside, {name_of(call.kind), call.user, call.receipt, rfc3339(call.received_at), call.payload,
                                  reason, name_of(call.kind), call.user, call.receipt, call.payload});
  transaction.commit();
}

}  // namespace

std::vector<SetAside> ReportStore::apply(std::span<const ReceivedCall> calls) {
  const sql::ConnectionPool::Lease connection = pool_.lease();
  const auto write_all = [&](std::span<const ReceivedCall> batch) {
    sql::Transaction transaction(*connection);
    for (const ReceivedCall& call : batch) write(transaction, call);
    transaction.commit();
  };
  try {
    write_all(calls);
    return {};
  } catch (const Error& error) {
    if (!is_final(error.kind())) throw error.within("write reports");
  }
  // One of them is at fault; alone, each shows whether it is the one.
  std::vector<SetAside> refused;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    try {
      write_all(calls.subspan(i, 1));
    } catch (const Error& error) {
      if (!is_final(error.kind())) throw error.within("write reports");
      set_aside(*connection, calls[i], error.what());
      refused.push_back({calls[i].receipt, error.what()});
    }
  }
  return refused;
}

std::uint64_t ReportStore::forget_receipts_before(TimePoint time) {
  const sql::ConnectionPool::Lease connection = pool_.lease();
  return connection->execute("DELETE FROM counted WHERE counted_at < ?", {rfc3339(time)});
}

}  // namespace osbackup::database
