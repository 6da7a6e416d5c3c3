#include "sql/connection.hpp"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <map>

#include "core/error.hpp"

namespace osbackup::sql {
namespace {

/// Prepared statements that a connection keeps; past it they are all made anew.
constexpr std::size_t kStatementsMax = 64;
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
    default:
      return ErrorKind::Internal;
  }
}

/// The library's message without its context, which quotes the bound values, and without its own function's name.
std::string reason_of(const soci::soci_error& error) {
  std::string text = error.get_error_message();
  constexpr std::string_view kPrefix = "sqlite3_statement_backend::";
  if (text.starts_with(kPrefix)) {
    const std::size_t end = text.find(": ");
    if (end != std::string::npos) text.erase(0, end + 2);
  }
  return text;
}

/// Runs `action`; what SOCI throws becomes an Error that names the database.
template <class Action>
auto translated(const std::filesystem::path& file, Action action) {
  try {
    return action();
  } catch (const soci::sqlite3_soci_error& error) {
    throw Error(kind_of(error.result()), fmt::format("database {}: {}", file.string(), reason_of(error)));
  } catch (const soci::soci_error& error) {
    throw Error(ErrorKind::Internal, fmt::format("database {}: {}", file.string(), reason_of(error)));
  }
}

/// SOCI knows named parameters only: `?` becomes `:v1`, `:v2` …, but not inside quotes.
std::string with_named_parameters(std::string_view statement) {
  std::string out;
  out.reserve(statement.size() + 64);
  std::size_t count = 0;
  char quote = '\0';
  for (const char c : statement) {
    if (c == '?' && quote == '\0') {
      out += fmt::format(":v{}", ++count);
      continue;
    }
    if (quote == '\0' && (c == '\'' || c == '"'))
      quote = c;
    else if (c == quote)
      quote = '\0';
    out += c;
  }
  return out;
}

/// SOCI's connection string has no escapes.
std::string connection_string(const std::filesystem::path& file) {
  if (file.string().find('"') != std::string::npos)
    throw Error(ErrorKind::Usage, fmt::format("the database path {} must not contain a quote", file.string()));
  return fmt::format("dbname=\"{}\"", file.string());
}

}  // namespace

/// A statement with the storage that its values and columns are bound to.
class Connection::Prepared {
 public:
  Prepared(soci::session& session, const std::string& text, std::size_t columns, const Values& values)
      : statement_(session) {
    for (const Value& value : values) {
      Parameter& parameter = parameters_.emplace_back();
      if (value.number())
        statement_.exchange(soci::use(parameter.number, parameter.indicator));
      else
        statement_.exchange(soci::use(parameter.text, parameter.indicator));
    }
    for (std::size_t i = 0; i < columns; ++i) {
      Column& column = columns_.emplace_back();
      // As text whatever the type: SOCI takes SQLite's INTEGER for 32 bits and cuts what is longer.
      statement_.exchange(soci::into(column.text, column.indicator));
    }
    statement_.alloc();
    statement_.prepare(text);
    statement_.define_and_bind();
  }

  std::uint64_t execute(const Values& values) {
    set(values);
    statement_.execute(true);
    return static_cast<std::uint64_t>(std::max(0LL, statement_.get_affected_rows()));
  }

  std::vector<Row> query(const Values& values) {
    set(values);
    std::vector<Row> rows;
    for (bool got = statement_.execute(true); got; got = statement_.fetch()) {
      std::vector<std::optional<std::string>> row;
      row.reserve(columns_.size());
      for (const Column& column : columns_)
        row.push_back(column.indicator == soci::i_null ? std::nullopt : std::optional(column.text));
      rows.emplace_back(std::move(row));
    }
    return rows;
  }

 private:
  struct Parameter {
    long long number = 0;
    std::string text;
    soci::indicator indicator = soci::i_null;
  };
  struct Column {
    std::string text;
    soci::indicator indicator = soci::i_null;
  };

  void set(const Values& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      Parameter& parameter = parameters_[i];
      parameter.indicator = values[i].is_null() ? soci::i_null : soci::i_ok;
      if (const std::int64_t* number = values[i].number()) parameter.number = *number;
      if (const std::string* text = values[i].text()) parameter.text = *text;
    }
  }

  // SOCI keeps the addresses of what is bound.
  std::deque<Parameter> parameters_;
  std::deque<Column> columns_;
  soci::statement statement_;
};

struct Connection::Session {
  soci::session session;
  std::map<std::string, std::unique_ptr<Prepared>, std::less<>> statements;
};

Connection::Connection(ConnectionOptions options) : options_(std::move(options)) {
  make_private_file(options_.file);
  session_ = std::make_unique<Session>();
  translated(options_.file, [&] { session_->session.open(soci::sqlite3, connection_string(options_.file)); });
  query(fmt::format("PRAGMA busy_timeout = {}", options_.busy_timeout.count()), 1);
  query("PRAGMA journal_mode = WAL", 1);
  execute("PRAGMA synchronous = FULL");
  execute("PRAGMA foreign_keys = ON");
}

Connection::~Connection() = default;

Connection::Prepared& Connection::prepare(std::string_view statement, std::size_t columns, const Values& values) {
  // The storage is typed, so the same text with other types is another statement.
  std::string key(statement);
  key += fmt::format("\n{} ", columns);
  for (const Value& value : values) key += value.number() ? 'n' : 't';
  if (const auto found = session_->statements.find(key); found != session_->statements.end()) return *found->second;
  if (session_->statements.size() >= kStatementsMax) session_->statements.clear();
  auto prepared = std::make_unique<Prepared>(session_->session, with_named_parameters(statement), columns, values);
  return *session_->statements.emplace(std::move(key), std::move(prepared)).first->second;
}

std::uint64_t Connection::execute(std::string_view statement, const Values& values) {
  return translated(options_.file, [&] {
    try {
      return prepare(statement, 0, values).execute(values);
    } catch (const soci::soci_error&) {
      // A statement that failed may hold a lock until it is gone.
      session_->statements.clear();
      throw;
    }
  });
}

std::vector<Row> Connection::query(std::string_view statement, std::size_t columns, const Values& values) {
  return translated(options_.file, [&] {
    try {
      return prepare(statement, columns, values).query(values);
    } catch (const soci::soci_error&) {
      session_->statements.clear();
      throw;
    }
  });
}

void Connection::begin() { execute("BEGIN IMMEDIATE"); }

void Connection::commit() { execute("COMMIT"); }

void Connection::roll_back() noexcept {
  try {
    execute("ROLLBACK");
  } catch (const std::exception&) {
    // Nothing is lost: the database undoes the transaction of a connection that is closed.
    broken_ = true;
  }
}

}  // namespace osbackup::sql
