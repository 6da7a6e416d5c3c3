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

}  // namespace

std::span<const sql::Migration> migrations() {
  static const std::vector<sql::Migration> kAll = {
      {1,
       {kBackupInfo, "CREATE INDEX backup_info_by_host ON backup_info (hostname, received_at)", kBackupCount, kCounted,
        "CREATE INDEX counted_by_time ON counted (counted_at)", kHosts,
        "CREATE INDEX hosts_by_success ON hosts (success_time)", kSetAside,
        "CREATE INDEX set_aside_by_receipt ON set_aside (receipt)", kUsers}},
      {2, {"CREATE INDEX backup_info_by_archive ON backup_info (backupfilename, received_at)"}},
  };
  return kAll;
}

}  // namespace osbackup::database
