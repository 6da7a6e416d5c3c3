#include "sql/mariadb_connection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "sql/mariadb_session.hpp"
#include "sql/mariadb_statement.hpp"
#include "sql/statement_cache.hpp"

namespace osbackup::sql {
namespace {

// One message of many rows: more would take memory, and no time less.
constexpr std::size_t kBulkBytesMax = 4U << 20U;
constexpr std::size_t kBulkRowsMax = 10'000;
// Of a value besides its text: type, indicator, length.
constexpr std::size_t kValueBytes = 12;

using Result = std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)>;

std::size_t bytes_of(const Values& values) {
  std::size_t bytes = 0;
  for (const Value& value : values) bytes += kValueBytes + (value.text() == nullptr ? 0 : value.text()->size());
  return bytes;
}

/// The server would end the connection, and do so each time that the same is tried again.
void check_size(const Values& values, const MariaDbSession& session) {
  const std::size_t bytes = bytes_of(values);
  if (bytes > session.message_bytes_max())
    throw Error(ErrorKind::Usage, fmt::format("database {}: {} bytes are more than it takes at once: raise its "
                                              "max_allowed_packet",
                                              session.name(), bytes));
}

}  // namespace

struct MariaDbConnection::Parts {
  explicit Parts(const MariaDbOptions& options) : session(options) {}

  MariaDbStatement& prepare(std::string_view text) {
    return statements.get(text, [&] { return MariaDbStatement(session, text); });
  }

  /// The rows that the statement gives; nothing when it is not of the kind that does.
  Result run_text(std::string_view statement) {
    session.run(statement);
    Result rows(mysql_store_result(session.handle()), mysql_free_result);
    if (!rows && mysql_errno(session.handle()) != 0) session.fail();
    return rows;
  }

  /// How many of `rows` one message takes, at least one.
  std::size_t message_rows(std::span<const Values> rows) const {
    const std::size_t bytes_max = std::min(kBulkBytesMax, session.message_bytes_max());
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const Values& values : rows.first(std::min(rows.size(), kBulkRowsMax))) {
      bytes += bytes_of(values);
      if (count > 0 && bytes > bytes_max) break;
      ++count;
    }
    return count;
  }

  MariaDbSession session;
  StatementCache<MariaDbStatement> statements;  ///< After the session, which outlives them.
};

MariaDbConnection::MariaDbConnection(const MariaDbOptions& options) : parts_(std::make_unique<Parts>(options)) {}

MariaDbConnection::~MariaDbConnection() = default;

/// Runs `action`. After a failure all statements are made anew, and a session that is lost breaks the connection.
template <class Action>
auto MariaDbConnection::watched(Action action) {
  try {
    return action();
  } catch (const Error&) {
    parts_->statements.clear();
    if (parts_->session.lost()) mark_broken();
    throw;
  }
}

std::uint64_t MariaDbConnection::run(std::string_view statement, const Values& values) {
  return watched([&] {
    if (!values.empty()) {
      check_size(values, parts_->session);
      return parts_->prepare(statement).execute(values);
    }
    // Not every statement can be prepared: those without values need not be.
    const Result rows = parts_->run_text(statement);
    return rows ? std::uint64_t{0} : std::uint64_t{mysql_affected_rows(parts_->session.handle())};
  });
}

std::uint64_t MariaDbConnection::run_many(std::string_view statement, std::span<const Values> rows) {
  return watched([&] {
    MariaDbStatement& prepared = parts_->prepare(statement);
    for (const Values& values : rows) check_size(values, parts_->session);
    std::uint64_t changed = 0;
    while (!rows.empty()) {
      const std::size_t count = parts_->session.has_bulk() ? parts_->message_rows(rows) : 1;
      changed += count > 1 ? prepared.execute_bulk(rows.first(count)) : prepared.execute(rows.front());
      rows = rows.subspan(count);
    }
    return changed;
  });
}

std::vector<Row> MariaDbConnection::fetch(std::string_view statement, std::size_t columns, const Values& values) {
  return watched([&] {
    if (!values.empty()) {
      check_size(values, parts_->session);
      return parts_->prepare(statement).query(columns, values);
    }
    const Result result = parts_->run_text(statement);
    const std::size_t found = result ? mysql_num_fields(result.get()) : 0;
    if (found != columns)
      throw Error(ErrorKind::Internal, fmt::format("database {}: a statement gives {} columns, not {}",
                                                   parts_->session.name(), found, columns));
    std::vector<Row> rows;
    while (const MYSQL_ROW row = mysql_fetch_row(result.get())) {
      const unsigned long* lengths = mysql_fetch_lengths(result.get());
      std::vector<std::optional<std::string>> read(columns);
      for (std::size_t i = 0; i < columns; ++i)
        if (row[i] != nullptr) read[i].emplace(row[i], lengths[i]);
      rows.emplace_back(std::move(read));
    }
    return rows;
  });
}

bool MariaDbConnection::ping() noexcept { return mysql_ping(parts_->session.handle()) == 0; }

}  // namespace osbackup::sql
