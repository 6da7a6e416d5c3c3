#include "sql/mariadb_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <new>

#include "sql/mariadb_error.hpp"

namespace osbackup::sql {
namespace {

/// Ways of login that do not hand the password to whoever asks for it: not `mysql_clear_password`, nor `dialog`.
constexpr const char* kLogins = "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password";
constexpr const char* kCharacterSet = "utf8mb4";

/// Statements of ours mean the same as in SQLite, and a value that does not fit is refused instead of cut.
constexpr std::string_view kSqlMode =
    "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT";

/// What a message has besides its values.
constexpr std::size_t kMessageReserveBytes = 4096;
constexpr std::size_t kMessageBytesLeast = 8192;

/// The library's own first step, which is not safe to be made by two threads at once.
void begin_using_library() {
  static const int kBegun = mysql_server_init(0, nullptr, nullptr);
  if (kBegun != 0) throw std::bad_alloc();
}

template <class T>
void set_option(MYSQL* session, mysql_option option, const T& value) {
  mysql_optionsv(session, option, &value);
}

unsigned seconds_of(std::chrono::seconds time) {
  return static_cast<unsigned>(std::max<std::int64_t>(1, time.count()));
}

/// What a person can do about a session that could not be opened.
std::string remedy_of(ErrorKind kind, const MariaDbOptions& options) {
  switch (kind) {
    case ErrorKind::LoginRefused:
      return "check [DB] user and password, and from which hosts the server lets the user in";
    case ErrorKind::Denied:
      return fmt::format("let the user have the database (GRANT ALL ON {}.* TO the user)", options.dbname);
    case ErrorKind::NotFound:
      return fmt::format("check [DB] dbname, or make it (CREATE DATABASE {} CHARACTER SET utf8mb4)", options.dbname);
    default:
      return "check [DB] host and port, and whether the server runs and has connections left";
  }
}

Error connect_error(const MariaDbOptions& options, const MariaDbFailure& failure) {
  const Error error = error_of(fmt::format("{}, user {}", name_of(options), options.user), failure);
  return Error(error.kind(), fmt::format("{}: {}", error.what(), remedy_of(error.kind(), options)));
}

}  // namespace

MariaDbSession::MariaDbSession(const MariaDbOptions& options) : name_(name_of(options)) {
  begin_using_library();
  handle_.reset(mysql_init(nullptr));
  if (!handle_) throw std::bad_alloc();
  set_options(options);
  if (mysql_real_connect(handle(), options.host.c_str(), options.user.c_str(), options.password.reveal().c_str(),
                         options.dbname.c_str(), options.port, nullptr, 0) == nullptr)
    throw connect_error(options, {mysql_errno(handle()), mysql_sqlstate(handle()), mysql_error(handle())});
  prepare_session(options);
  read_limits();
}

void MariaDbSession::set_options(const MariaDbOptions& options) {
  // Even for localhost: a port that was asked for is meant.
  set_option(handle(), MYSQL_OPT_PROTOCOL, unsigned{MYSQL_PROTOCOL_TCP});
  set_option(handle(), MYSQL_OPT_CONNECT_TIMEOUT, seconds_of(options.connect_timeout));
  set_option(handle(), MYSQL_OPT_READ_TIMEOUT, seconds_of(options.read_timeout));
  set_option(handle(), MYSQL_OPT_WRITE_TIMEOUT, seconds_of(options.write_timeout));
  set_option(handle(), MYSQL_OPT_RECONNECT, my_bool{0});
  // Or the server could ask for any file of this machine.
  set_option(handle(), MYSQL_OPT_LOCAL_INFILE, 0U);
  mysql_optionsv(handle(), MYSQL_SET_CHARSET_NAME, kCharacterSet);
  mysql_optionsv(handle(), MARIADB_OPT_RESTRICTED_AUTH, kLogins);
}

void MariaDbSession::prepare_session(const MariaDbOptions& options) {
  const unsigned lock_seconds = seconds_of(options.lock_timeout);
  run(fmt::format("SET NAMES {} COLLATE utf8mb4_bin", kCharacterSet));
  run(
      fmt::format("SET SESSION sql_mode = '{}', time_zone = '+00:00', autocommit = 1, default_storage_engine = InnoDB,"
                  " innodb_lock_wait_timeout = {}, lock_wait_timeout = {}",
                  kSqlMode, lock_seconds, lock_seconds));
  run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
}

void MariaDbSession::read_limits() {
  unsigned long capabilities = 0;
  mariadb_get_infov(handle(), MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &capabilities);
  has_bulk_ = (capabilities & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32U)) != 0;

  run("SELECT @@max_allowed_packet");
  const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result(mysql_store_result(handle()), mysql_free_result);
  if (!result) fail();
  const MYSQL_ROW row = mysql_fetch_row(result.get());
  const std::string_view digits = row != nullptr && row[0] != nullptr ? row[0] : "";
  std::size_t packet_bytes = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), packet_bytes);
  message_bytes_max_ = std::max(packet_bytes, kMessageBytesLeast) - kMessageReserveBytes;
}

void MariaDbSession::run(std::string_view statement) {
  if (mysql_real_query(handle(), statement.data(), statement.size()) != 0) fail();
}

void MariaDbSession::fail() {
  const MariaDbFailure failure{mysql_errno(handle()), mysql_sqlstate(handle()), mysql_error(handle())};
  lost_ = lost_ || ends_session(failure);
  throw error_of(name_, failure);
}

void MariaDbSession::fail(MYSQL_STMT* statement) {
  const MariaDbFailure failure{mysql_stmt_errno(statement), mysql_stmt_sqlstate(statement),
                               mysql_stmt_error(statement)};
  lost_ = lost_ || ends_session(failure);
  throw error_of(name_, failure);
}

}  // namespace osbackup::sql
