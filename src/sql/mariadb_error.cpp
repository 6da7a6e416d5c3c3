#include "sql/mariadb_error.hpp"

#include <errmsg.h>
#include <fmt/format.h>
#include <mysqld_error.h>

#include <algorithm>
#include <array>

namespace osbackup::sql {
namespace {

// The server wants a way of login that this client has not got, or must not use.
constexpr std::array kLoginImpossible =
    std::to_array<unsigned>({CR_SECURE_AUTH, CR_AUTH_PLUGIN_CANNOT_LOAD, CR_AUTH_PLUGIN_ERR, CR_PLUGIN_NOT_ALLOWED});
// The file system's own error, which carries the cause as a number in its text.
constexpr unsigned kWriteError = 3;
constexpr std::string_view kNoSpaceLeft = "28";

template <std::size_t N>
bool is_one_of(unsigned code, const std::array<unsigned, N>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// The client library's own errors, errmsg.h; the server's are in mysqld_error.h.
bool is_clients_own(unsigned code) { return (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR) || code >= CER_MIN_ERROR; }

/// What the SQLSTATE alone would not tell, or would tell wrongly.
struct KnownError {
  unsigned code;
  ErrorKind kind;
};
constexpr std::array kKnownErrors = std::to_array<KnownError>({
    {ER_LOCK_DEADLOCK, ErrorKind::Locked},
    {ER_DISK_FULL, ErrorKind::NoSpace},
    {ER_RECORD_FILE_FULL, ErrorKind::NoSpace},
    {ER_DBACCESS_DENIED_ERROR, ErrorKind::Denied},
    {ER_TABLEACCESS_DENIED_ERROR, ErrorKind::Denied},
    {ER_COLUMNACCESS_DENIED_ERROR, ErrorKind::Denied},
    {ER_SPECIFIC_ACCESS_DENIED_ERROR, ErrorKind::Denied},
    {ER_HOST_IS_BLOCKED, ErrorKind::Denied},
    {ER_HOST_NOT_PRIVILEGED, ErrorKind::Denied},
    {ER_BAD_DB_ERROR, ErrorKind::NotFound},
    {ER_BAD_TABLE_ERROR, ErrorKind::NotFound},
    {ER_CANT_DROP_FIELD_OR_KEY, ErrorKind::NotFound},
    {ER_TABLE_EXISTS_ERROR, ErrorKind::Exists},
    {ER_DUP_FIELDNAME, ErrorKind::Exists},
    {ER_DUP_KEYNAME, ErrorKind::Exists},
    {ER_TOO_MANY_USER_CONNECTIONS, ErrorKind::Unavailable},
    {ER_USER_LIMIT_REACHED, ErrorKind::Unavailable},
    {ER_NO_DEFAULT_FOR_FIELD, ErrorKind::Internal},
    {ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ErrorKind::Usage},
    {ER_WRONG_VALUE_FOR_TYPE, ErrorKind::Usage},
    {ER_WRONG_VALUE, ErrorKind::Usage},
});

bool is_full_disk(const MariaDbFailure& failure) {
  constexpr std::array kCodes = {kWriteError, unsigned{ER_ERROR_ON_WRITE}, unsigned{ER_GET_ERRNO}};
  return is_one_of(failure.code, kCodes) && failure.message.find(kNoSpaceLeft) != std::string_view::npos;
}

ErrorKind kind_of_class(std::string_view state) {
  const std::string_view sql_class = state.substr(0, 2);
  if (sql_class == "01" || sql_class == "22") return ErrorKind::Usage;  // A value that does not fit.
  if (sql_class == "23") return ErrorKind::Exists;                      // A constraint.
  if (sql_class == "45") return ErrorKind::Exists;  // A constraint that somebody wrote as a trigger.
  if (sql_class == "28") return ErrorKind::LoginRefused;
  if (sql_class == "21" || sql_class == "42") return ErrorKind::Internal;  // The statement is wrong.
  // Lost connections, servers that stop, and whatever nobody thought of.
  return ErrorKind::Unavailable;
}

ErrorKind kind_of(const MariaDbFailure& failure) {
  if (is_clients_own(failure.code))
    return is_one_of(failure.code, kLoginImpossible) ? ErrorKind::LoginRefused : ErrorKind::Unavailable;
  if (is_full_disk(failure)) return ErrorKind::NoSpace;
  for (const KnownError& known : kKnownErrors)
    if (known.code == failure.code) return known.kind;
  return kind_of_class(failure.state);
}

/// Messages about data that name columns and constraints alone.
constexpr std::array kNamesOnly =
    std::to_array<unsigned>({ER_BAD_NULL_ERROR, ER_WARN_DATA_OUT_OF_RANGE, WARN_DATA_TRUNCATED, ER_DATA_TOO_LONG,
                             ER_ROW_IS_REFERENCED_2, ER_NO_REFERENCED_ROW_2, ER_CONSTRAINT_FAILED});

/// Every other message about data quotes the value, and may have nothing else: names stand behind it, at the end.
std::string without_value(const MariaDbFailure& failure) {
  for (const std::string_view words : {" for key ", " for column "}) {
    const std::size_t at = failure.message.rfind(words);
    if (at == std::string_view::npos) continue;
    const std::string_view problem = failure.code == ER_DUP_ENTRY ? "duplicate entry" : "a value that does not fit";
    return fmt::format("{}{}", problem, failure.message.substr(at));
  }
  return fmt::format("a value was refused, SQLSTATE {}", failure.state);
}

std::string reason_of(const MariaDbFailure& failure, ErrorKind kind) {
  const bool about_data = kind == ErrorKind::Usage || failure.state.starts_with("23");
  if (!about_data || is_one_of(failure.code, kNamesOnly)) return std::string(failure.message);
  return without_value(failure);
}

}  // namespace

Error error_of(const std::string& database, const MariaDbFailure& failure) {
  const ErrorKind kind = kind_of(failure);
  return Error(kind, fmt::format("database {}: {} (error {})", database, reason_of(failure, kind), failure.code));
}

bool ends_session(const MariaDbFailure& failure) noexcept {
  // A server that became read-only, as after a fail-over: a new connection may find the one that writes.
  constexpr std::array kCodes =
      std::to_array<unsigned>({ER_OPTION_PREVENTS_STATEMENT, ER_READ_ONLY_MODE, ER_CONNECTION_KILLED});
  return is_clients_own(failure.code) || failure.state.starts_with("08") || is_one_of(failure.code, kCodes);
}

}  // namespace osbackup::sql
