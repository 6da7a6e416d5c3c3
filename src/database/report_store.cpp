#include "database/report_store.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/error.hpp"
#include "core/ip_address.hpp"
#include "core/time_format.hpp"
#include "database/report_statements.hpp"
#include "report/backup_report.hpp"

namespace osbackup::database {
namespace {

using report::BackupReport;

/// Of a transaction that meets one deadlock after the other.
constexpr int kAttemptsMax = 10;

std::string_view name_of(CallKind kind) { return kind == CallKind::Count ? "count" : "report"; }

/// Whether what the call holds is to blame, so that it would fail in the same way again. A statement that the database
/// does not understand is not: a table may be missing, and will be put back.
bool is_final(ErrorKind kind) { return kind == ErrorKind::Usage || kind == ErrorKind::Exists; }

BackupReport report_of(const ReceivedCall& call) {
  try {
    return report::report_from_json(json::parse(call.payload));
  } catch (const Error& error) {
    // Not Corrupt, which would say that the database is.
    throw Error(ErrorKind::Usage, error.what());
  }
}

/// A report, and the call that brought it.
struct ReceivedReport {
  const ReceivedCall* call;
  BackupReport report;
};

/// Calls of one transaction, in the order in which every writer locks their rows.
struct Batch {
  std::vector<ReceivedReport> reports;
  std::map<std::pair<std::string_view, std::string_view>, const ReceivedCall*> counts;  ///< By user and receipt.
};

Batch read_batch(std::span<const ReceivedCall> calls) {
  Batch batch;
  for (const ReceivedCall& call : calls) {
    if (call.kind == CallKind::Report) {
      batch.reports.push_back({&call, report_of(call)});
      continue;
    }
    if (canonical_address(call.payload) != call.payload)
      throw Error(ErrorKind::Usage, "the call to be counted has no address");
    batch.counts.try_emplace({call.user, call.receipt}, &call);
  }
  std::sort(batch.reports.begin(), batch.reports.end(), [](const ReceivedReport& a, const ReceivedReport& b) {
    return std::tie(a.call->user, a.report.hostname, a.call->receipt) <
           std::tie(b.call->user, b.report.hostname, b.call->receipt);
  });
  return batch;
}

using Host = std::pair<std::string_view, std::string_view>;  ///< User, hostname.

/// The hosts of which a report may have taken the place of another, which may have stood for the host.
std::set<Host> hosts_to_derive(const Batch& batch) {
  std::set<Host> hosts;
  for (const ReceivedReport& received : batch.reports)
    if (received.report.attempt > 0) hosts.emplace(received.call->user, received.report.hostname);
  return hosts;
}

void write_hosts(sql::Transaction& transaction, const ReportStatements& statements, const Batch& batch) {
  const std::set<Host> to_derive = hosts_to_derive(batch);
  std::set<Host> hosts;
  json::Array to_raise;
  for (const ReceivedReport& received : batch.reports) {
    const Host host{received.call->user, received.report.hostname};
    hosts.insert(host);
    if (!to_derive.contains(host)) to_raise.push_back(json::Array{host.first, host.second, received.call->receipt});
  }
  // In one go and in their order, or two writers would wait for each other; what is derived must see what the other one
  // wrote. Where nothing is derived the one statement holds them as it goes.
  if (!to_derive.empty()) {
    std::vector<sql::Values> rows;
    rows.reserve(hosts.size());
    for (const auto& [user, hostname] : hosts) rows.push_back({user, hostname});
    transaction.execute_many(statements.hold_host, rows);
  }
  if (!to_raise.empty()) transaction.execute(statements.raise_hosts, {json::serialize(to_raise)});
  if (to_derive.empty()) return;
  json::Array keys;
  for (const auto& [user, hostname] : to_derive) keys.push_back(json::Array{user, hostname});
  transaction.execute(statements.derive_hosts, {json::serialize(keys)});
}

void write_reports(sql::Transaction& transaction, const ReportStatements& statements, const Batch& batch) {
  std::vector<sql::Values> rows;
  rows.reserve(batch.reports.size());
  for (const ReceivedReport& received : batch.reports) rows.push_back(report_values(*received.call, received.report));
  transaction.execute_many(statements.put_report, rows);
  write_hosts(transaction, statements, batch);
}

/// Adds the receipts, and returns for each whether it was new. Nearly always all are, which one statement tells.
std::vector<bool> add_receipts(sql::Transaction& transaction, const std::string& statement,
                               const std::vector<sql::Values>& rows) {
  transaction.execute("SAVEPOINT receipts");
  if (transaction.execute_many(statement, rows) == rows.size()) return std::vector<bool>(rows.size(), true);
  transaction.execute("ROLLBACK TO SAVEPOINT receipts");
  std::vector<bool> are_new;
  are_new.reserve(rows.size());
  for (const sql::Values& row : rows) are_new.push_back(transaction.execute(statement, row) > 0);
  return are_new;
}

void write_counts(sql::Transaction& transaction, const ReportStatements& statements, const Batch& batch) {
  if (batch.counts.empty()) return;
  std::vector<sql::Values> receipts;
  for (const auto& [key, call] : batch.counts)
    receipts.push_back({call->user, call->receipt, rfc3339(call->received_at)});
  const std::vector<bool> are_new = add_receipts(transaction, statements.add_receipt, receipts);

  std::map<std::string_view, std::uint64_t> counts;
  std::size_t index = 0;
  for (const auto& [key, call] : batch.counts)
    if (are_new[index++]) ++counts[call->payload];
  std::vector<sql::Values> additions;
  additions.reserve(counts.size());
  for (const auto& [ip, count] : counts) additions.push_back({ip, count});
  transaction.execute_many(statements.add_to_count, additions);
}

void write_once(sql::Connection& connection, const Batch& batch) {
  const ReportStatements& statements = report_statements(connection.dialect());
  sql::Transaction transaction(connection);
  write_reports(transaction, statements, batch);
  write_counts(transaction, statements, batch);
  transaction.commit();
}

/// Writes the calls in one transaction. One that the database undid, so that another can go on, is begun anew at once.
void write(sql::Connection& connection, std::span<const ReceivedCall> calls) {
  const Batch batch = read_batch(calls);
  for (int attempt = 1;; ++attempt) {
    try {
      return write_once(connection, batch);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Locked || attempt == kAttemptsMax) throw;
    }
  }
}

SetAside set_aside(sql::Connection& connection, const ReceivedCall& call, const std::string& reason) {
  const std::string_view kind = name_of(call.kind);
  connection.execute(report_statements(connection.dialect()).set_aside,
                     {kind, call.user, call.receipt, rfc3339(call.received_at), call.payload, reason, kind, call.user,
                      call.receipt, call.payload});
  return {call.receipt, reason};
}

/// Writes the calls, or halves them until the one at fault is alone.
void write_or_set_aside(sql::Connection& connection, std::span<const ReceivedCall> calls,
                        std::vector<SetAside>& refused) {
  if (calls.empty()) return;
  try {
    return write(connection, calls);
  } catch (const Error& error) {
    if (!is_final(error.kind())) throw error.within("write reports");
    if (calls.size() == 1) {
      refused.push_back(set_aside(connection, calls.front(), error.what()));
      return;
    }
  }
  const std::size_t half = calls.size() / 2;
  write_or_set_aside(connection, calls.first(half), refused);
  write_or_set_aside(connection, calls.subspan(half), refused);
}

}  // namespace

std::vector<SetAside> ReportStore::apply(std::span<const ReceivedCall> calls) {
  const sql::ConnectionPool::Lease connection = pool_.lease();
  std::vector<SetAside> refused;
  write_or_set_aside(*connection, calls, refused);
  return refused;
}

std::uint64_t ReportStore::forget_receipts_before(TimePoint time) {
  const sql::ConnectionPool::Lease connection = pool_.lease();
  return connection->execute("DELETE FROM counted WHERE counted_at < ?", {rfc3339(time)});
}

}  // namespace osbackup::database
