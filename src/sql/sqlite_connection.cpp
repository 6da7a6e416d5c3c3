#include "sql/sqlite_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cassert>
#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "sql/statement_cache.hpp"

namespace osbackup::sql {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;

[[noreturn]] void throw_system_error(const std::string& activity) {
  const int code = errno;
  const ErrorKind kind = code == EACCES || code == EPERM || code == EROFS ? ErrorKind::Denied
                         : code == ENOSPC || code == EDQUOT               ? ErrorKind::NoSpace
                                                                          : ErrorKind::Unavailable;
  throw Error(kind, fmt::format("{}: {}", activity, std::strerror(code)));  // NOLINT(concurrency-mt-unsafe)
}

void make_directories(const std::filesystem::path& directory) {
  std::filesystem::path made;
  for (const std::filesystem::path& part : directory) {
    made /= part;
    if (mkdir(made.c_str(), kDirectoryMode) != 0 && errno != EEXIST)
      throw_system_error(fmt::format("make the directory {}", made.string()));
  }
}

/// Makes the file before SQLite opens it, since SQLite gives its journal files the mode that the database has.
///
/// It is never opened here: closing a descriptor drops all locks that this process has on the file (POSIX), also those
/// of its other connections. The next process to close the database would then take itself for the last one, and delete
/// the write-ahead log from under them.
void make_private_file(const std::filesystem::path& file) {
  if (file.has_parent_path()) make_directories(file.parent_path());
  if (mknod(file.c_str(), S_IFREG | kFileMode, 0) != 0 && errno != EEXIST)
    throw_system_error(fmt::format("make the database {}", file.string()));
  struct stat status {};
  if (lstat(file.c_str(), &status) != 0) throw_system_error(fmt::format("open the database {}", file.string()));
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorKind::Denied,
                fmt::format("open the database {0}: {0} is not a regular file; name another path", file.string()));
  if ((status.st_mode & 0777U) != kFileMode && chmod(file.c_str(), kFileMode) != 0)
    throw_system_error(fmt::format("make the database {} private (mode 0600)", file.string()));
}

ErrorKind kind_of(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return ErrorKind::Unavailable;
    case SQLITE_FULL:
      return ErrorKind::NoSpace;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return ErrorKind::Denied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::Corrupt;
    case SQLITE_CONSTRAINT:
      return ErrorKind::Exists;
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return ErrorKind::Usage;
    default:
      return ErrorKind::Internal;
  }
}

struct CloseDatabase {
  void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

}  // namespace

/// The open database and its prepared statements.
struct SqliteSession {
  explicit SqliteSession(const std::filesystem::path& path) : file(path) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    database.reset(opened);
    if (code != SQLITE_OK) throw_error(code);
  }

  sqlite3_stmt* prepare(std::string_view text) {
    return statements
        .get(text,
             [&] {
               sqlite3_stmt* made = nullptr;
               const char* rest = nullptr;
               const int code = sqlite3_prepare_v3(database.get(), text.data(), static_cast<int>(text.size()),
                                                   SQLITE_PREPARE_PERSISTENT, &made, &rest);
               if (code != SQLITE_OK) throw_error(code);
               assert(made != nullptr && rest == text.data() + text.size());
               return Statement(made);
             })
        .get();
  }

  [[noreturn]] void throw_error(int code) const {
    // The messages quote names and the statement, never what is bound.
    const char* reason = database ? sqlite3_errmsg(database.get()) : sqlite3_errstr(code);
    throw Error(kind_of(code), fmt::format("database {}: {}", file.string(), reason));
  }

  std::filesystem::path file;
  std::unique_ptr<sqlite3, CloseDatabase> database;
  StatementCache<Statement> statements;  ///< After the database, which closes only when they are gone.
};

namespace {

/// One run of a prepared statement. What is bound stays the caller's, and whatever lock it holds ends with it.
class Execution {
 public:
  Execution(const SqliteSession& session, sqlite3_stmt* statement, const Values& values)
      : session_(session), statement_(statement) {
    assert(static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) == values.size());
    for (std::size_t i = 0; i < values.size(); ++i) bind(static_cast<int>(i + 1), values[i]);
  }
  ~Execution() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// Whether there is a row to be read.
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) session_.throw_error(code);
    return code == SQLITE_ROW;
  }

  Row row(std::size_t columns) const {
    std::vector<std::optional<std::string>> read(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      const int column = static_cast<int>(i);
      if (sqlite3_column_type(statement_, column) == SQLITE_NULL) continue;
      const void* text = sqlite3_column_text(statement_, column);
      if (text == nullptr) session_.throw_error(SQLITE_NOMEM);
      read[i].emplace(static_cast<const char*>(text),
                      static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
    }
    return Row(std::move(read));
  }

 private:
  void bind(int index, const Value& value) {
    int code = SQLITE_OK;  // What is not bound is NULL.
    if (const std::int64_t* number = value.number()) code = sqlite3_bind_int64(statement_, index, *number);
    if (const std::string* text = value.text())
      code = sqlite3_bind_text64(statement_, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    if (code != SQLITE_OK) session_.throw_error(code);
  }

  const SqliteSession& session_;
  sqlite3_stmt* statement_;
};

}  // namespace

SqliteConnection::SqliteConnection(SqliteOptions options) : options_(std::move(options)) {
  make_private_file(options_.file);
  session_ = std::make_unique<SqliteSession>(options_.file);
  sqlite3_busy_timeout(session_->database.get(), static_cast<int>(options_.busy_timeout.count()));
  execute("PRAGMA journal_mode = WAL");
  execute("PRAGMA synchronous = FULL");
  execute("PRAGMA foreign_keys = ON");
}

SqliteConnection::~SqliteConnection() = default;

std::uint64_t SqliteConnection::run(std::string_view statement, const Values& values) {
  return run_many(statement, std::span(&values, 1));
}

std::uint64_t SqliteConnection::run_many(std::string_view statement, std::span<const Values> rows) {
  sqlite3_stmt* prepared = session_->prepare(statement);
  // Not sqlite3_changes: after a statement that changes nothing it still tells of the one before.
  const sqlite3_int64 before = sqlite3_total_changes64(session_->database.get());
  for (const Values& values : rows) {
    Execution execution(*session_, prepared, values);
    while (execution.step()) {
    }
  }
  return static_cast<std::uint64_t>(sqlite3_total_changes64(session_->database.get()) - before);
}

std::vector<Row> SqliteConnection::fetch(std::string_view statement, std::size_t columns, const Values& values) {
  sqlite3_stmt* prepared = session_->prepare(statement);
  assert(static_cast<std::size_t>(sqlite3_column_count(prepared)) == columns);
  Execution execution(*session_, prepared, values);
  std::vector<Row> rows;
  while (execution.step()) rows.push_back(execution.row(columns));
  return rows;
}

}  // namespace osbackup::sql
