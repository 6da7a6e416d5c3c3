#include "database/schema.hpp"

namespace osbackup::database {
namespace {

constexpr std::string_view kBackupInfo =
    "CREATE TABLE backup_info ("
    " id INTEGER PRIMARY KEY,"
    " ip VARCHAR(45) NOT NULL,"
    " hostname VARCHAR(255) NOT NULL,"
    " backup_state INTEGER NOT NULL,"
    " is_ok INTEGER NOT NULL,"
    " backupfilename VARCHAR(512) NOT NULL,"
    " file_size VARCHAR(64) NOT NULL,"
    " dirs TEXT NOT NULL,"
    " insert_time VARCHAR(19) NOT NULL,"
    " backup_time VARCHAR(19) NOT NULL,"
    " user VARCHAR(64) NOT NULL,"
    " run_id CHAR(36) NOT NULL,"
    " attempt INTEGER NOT NULL,"
    " started_at VARCHAR(64), finished_at VARCHAR(64), sent_at VARCHAR(64),"
    " file_bytes BIGINT, source_bytes BIGINT, files BIGINT, changed_files BIGINT, warnings BIGINT, duration_ms BIGINT,"
    " kind VARCHAR(16), sha256 CHAR(64), manifest_sha256 CHAR(64), verified INTEGER,"
    " error VARCHAR(1000), version VARCHAR(64),"
    " received_at VARCHAR(20) NOT NULL,"
    " UNIQUE (user, hostname, run_id))";

constexpr std::string_view kBackupCount =
    "CREATE TABLE backup_count (id INTEGER PRIMARY KEY, ip VARCHAR(45) NOT NULL UNIQUE, count BIGINT NOT NULL)";

// The user belongs to the key: nobody can use up the receipt of somebody else's run.
constexpr std::string_view kCounted =
    "CREATE TABLE counted (user VARCHAR(64) NOT NULL, receipt CHAR(36) NOT NULL, counted_at VARCHAR(20) NOT NULL,"
    " PRIMARY KEY (user, receipt))";

constexpr std::string_view kHosts =
    "CREATE TABLE hosts ("
    " id INTEGER PRIMARY KEY,"
    " user VARCHAR(64) NOT NULL,"
    " hostname VARCHAR(255) NOT NULL,"
    " report_run_id CHAR(36), report_attempt INTEGER, report_time VARCHAR(20), report_ip VARCHAR(45),"
    " report_backup_state INTEGER, report_is_ok INTEGER, report_backupfilename VARCHAR(512),"
    " report_file_size VARCHAR(64), report_error VARCHAR(1000), report_received_at VARCHAR(20),"
    " report_skew_seconds BIGINT,"
    " success_run_id CHAR(36), success_attempt INTEGER, success_time VARCHAR(20), success_ip VARCHAR(45),"
    " success_backupfilename VARCHAR(512), success_file_size VARCHAR(64), success_received_at VARCHAR(20),"
    " UNIQUE (user, hostname))";

constexpr std::string_view kSetAside =
    "CREATE TABLE set_aside ("
    " id INTEGER PRIMARY KEY,"
    " kind VARCHAR(16) NOT NULL,"
    " user VARCHAR(64) NOT NULL,"
    " receipt VARCHAR(64) NOT NULL,"
    " received_at VARCHAR(20) NOT NULL,"
    " payload TEXT NOT NULL,"
    " reason TEXT NOT NULL)";

constexpr std::string_view kUsers =
    "CREATE TABLE users (name VARCHAR(64) NOT NULL PRIMARY KEY, role VARCHAR(16) NOT NULL,"
    " password_hash VARCHAR(255) NOT NULL, created_at VARCHAR(20) NOT NULL)";

// The same in MariaDB's words. Texts are compared byte by byte, as SQLite does.

constexpr std::string_view kMariaDbBackupInfo =
    "CREATE TABLE backup_info ("
    " id BIGINT PRIMARY KEY AUTO_INCREMENT,"
    " ip VARCHAR(45) NOT NULL,"
    " hostname VARCHAR(255) NOT NULL,"
    " backup_state INTEGER NOT NULL,"
    " is_ok INTEGER NOT NULL,"
    " backupfilename VARCHAR(512) NOT NULL,"
    " file_size VARCHAR(64) NOT NULL,"
    " dirs TEXT NOT NULL,"
    " insert_time VARCHAR(19) NOT NULL,"
    " backup_time VARCHAR(19) NOT NULL,"
    " user VARCHAR(64) NOT NULL,"
    " run_id CHAR(36) NOT NULL,"
    " attempt INTEGER NOT NULL,"
    " started_at VARCHAR(64), finished_at VARCHAR(64), sent_at VARCHAR(64),"
    " file_bytes BIGINT, source_bytes BIGINT, files BIGINT, changed_files BIGINT, warnings BIGINT, duration_ms BIGINT,"
    " kind VARCHAR(16), sha256 CHAR(64), manifest_sha256 CHAR(64), verified INTEGER,"
    " error VARCHAR(1000), version VARCHAR(64),"
    " received_at VARCHAR(20) NOT NULL,"
    " UNIQUE (user, hostname, run_id))"
    " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

constexpr std::string_view kMariaDbBackupCount =
    "CREATE TABLE backup_count (id BIGINT PRIMARY KEY AUTO_INCREMENT, ip VARCHAR(45) NOT NULL UNIQUE,"
    " count BIGINT NOT NULL) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

constexpr std::string_view kMariaDbCounted =
    "CREATE TABLE counted (user VARCHAR(64) NOT NULL, receipt CHAR(36) NOT NULL, counted_at VARCHAR(20) NOT NULL,"
    " PRIMARY KEY (user, receipt)) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

// Without a number: a statement that may give numbers to many rows holds a lock on the whole table to its end, and
// whoever waits for a row of another writer then makes that one wait for a number. Of a key that is not the primary one
// the gaps between rows are locked as well.
constexpr std::string_view kMariaDbHosts =
    "CREATE TABLE hosts ("
    " user VARCHAR(64) NOT NULL,"
    " hostname VARCHAR(255) NOT NULL,"
    " report_run_id CHAR(36), report_attempt INTEGER, report_time VARCHAR(20), report_ip VARCHAR(45),"
    " report_backup_state INTEGER, report_is_ok INTEGER, report_backupfilename VARCHAR(512),"
    " report_file_size VARCHAR(64), report_error VARCHAR(1000), report_received_at VARCHAR(20),"
    " report_skew_seconds BIGINT,"
    " success_run_id CHAR(36), success_attempt INTEGER, success_time VARCHAR(20), success_ip VARCHAR(45),"
    " success_backupfilename VARCHAR(512), success_file_size VARCHAR(64), success_received_at VARCHAR(20),"
    " PRIMARY KEY (user, hostname)) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

constexpr std::string_view kMariaDbSetAside =
    "CREATE TABLE set_aside ("
    " id BIGINT PRIMARY KEY AUTO_INCREMENT,"
    " kind VARCHAR(16) NOT NULL,"
    " user VARCHAR(64) NOT NULL,"
    " receipt VARCHAR(64) NOT NULL,"
    " received_at VARCHAR(20) NOT NULL,"
    " payload LONGTEXT NOT NULL,"
    " reason LONGTEXT NOT NULL) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

constexpr std::string_view kMariaDbUsers =
    "CREATE TABLE users (name VARCHAR(64) NOT NULL PRIMARY KEY, role VARCHAR(16) NOT NULL,"
    " password_hash VARCHAR(255) NOT NULL, created_at VARCHAR(20) NOT NULL)"
    " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

// Both databases.
constexpr std::string_view kCountedByTime = "CREATE INDEX counted_by_time ON counted (counted_at)";
constexpr std::string_view kHostsBySuccess = "CREATE INDEX hosts_by_success ON hosts (success_time)";
constexpr std::string_view kSetAsideByReceipt = "CREATE INDEX set_aside_by_receipt ON set_aside (receipt)";
constexpr std::string_view kByArrival = "CREATE INDEX backup_info_by_host ON backup_info (hostname, received_at)";
constexpr std::string_view kAddEnd = "ALTER TABLE backup_info ADD COLUMN ended_at VARCHAR(20) NOT NULL DEFAULT ''";
constexpr std::string_view kAddSkew = "ALTER TABLE backup_info ADD COLUMN skew_seconds BIGINT";
constexpr std::string_view kByEnd = "CREATE INDEX backup_info_by_end ON backup_info (user, hostname, ended_at, run_id)";

// What report_time() says of the reports that are there. A time that cannot be read is NULL, and so is all that is
// reckoned with it.
constexpr std::string_view kFillSkew =
    "UPDATE backup_info SET skew_seconds = CAST(strftime('%s', received_at) AS INTEGER)"
    " - CAST(strftime('%s', sent_at) AS INTEGER) WHERE sent_at IS NOT NULL";
constexpr std::string_view kFillEnd =
    "UPDATE backup_info SET ended_at = COALESCE(strftime('%Y-%m-%dT%H:%M:%SZ', max(0, min("
    "CAST(strftime('%s', received_at) AS INTEGER),"
    " CAST(strftime('%s', finished_at) AS INTEGER) + COALESCE(skew_seconds, 0))), 'unixepoch'), received_at)";

}  // namespace

std::span<const sql::Migration> migrations() {
  static const std::vector<sql::Migration> kAll = {
      {1,
       {kBackupInfo, kByArrival, kBackupCount, kCounted, kCountedByTime, kHosts, kHostsBySuccess, kSetAside,
        kSetAsideByReceipt, kUsers},
       {kMariaDbBackupInfo, kByArrival, kMariaDbBackupCount, kMariaDbCounted, kCountedByTime, kMariaDbHosts,
        kHostsBySuccess, kMariaDbSetAside, kSetAsideByReceipt, kMariaDbUsers}},
      {2, {"CREATE INDEX backup_info_by_archive ON backup_info (backupfilename, received_at)"}},
      {3,
       {kAddEnd, kAddSkew, kFillSkew, kFillEnd, "DROP INDEX backup_info_by_host", kByEnd},
       {kAddEnd, kAddSkew, "DROP INDEX backup_info_by_host ON backup_info", kByEnd}},
  };
  return kAll;
}

}  // namespace osbackup::database
