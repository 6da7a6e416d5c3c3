#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace osbackup::report {

/// How long the name of an archive may be.
inline constexpr std::size_t kFilenameBytesMax = 512;

/// What a host tells the server about one backup (docs/protocol.md). The first nine fields are the user's dictionary
/// and always there; the others may be missing.
struct BackupReport {
  std::string ip;
  std::string hostname;
  bool backup_state = false;   ///< True (1): this period's backup is made.
  bool is_ok = false;          ///< True (1): the backup file is uploaded.
  std::string backupfilename;  ///< Empty when nothing was made.
  std::string file_size;       ///< Text such as `100MB`.
  std::string dirs;            ///< Such as `/etc,/home`.
  std::string insert_time;     ///< The host's local time, `2014-01-01 11:11:11`.
  std::string backup_time;     ///< The same form; when the backup began.

  std::optional<std::string> run_id;  ///< A UUID.
  std::uint32_t attempt = 0;
  std::optional<std::string> started_at;  ///< RFC 3339, UTC, like the two that follow.
  std::optional<std::string> finished_at;
  std::optional<std::string> sent_at;
  std::optional<std::uint64_t> file_bytes;
  std::optional<std::uint64_t> source_bytes;
  std::optional<std::uint64_t> files;
  std::optional<std::uint64_t> changed_files;
  std::optional<std::uint64_t> warnings;
  std::optional<std::uint64_t> duration_ms;
  std::optional<std::string> kind;    ///< `full`.
  std::optional<std::string> sha256;  ///< Of the archive, 64 hexadecimal digits; likewise the next.
  std::optional<std::string> manifest_sha256;
  std::optional<bool> verified;
  std::optional<std::string> error;    ///< One line.
  std::optional<std::string> version;  ///< Of the client.

  bool operator==(const BackupReport&) const = default;
};

/// The report as the JSON object that `POST /backupinfo` takes; fields that are missing are left out.
json::Object to_json(const BackupReport& report);

/// Checks every field of a JSON object: required ones present, types, lengths, ranges, UTF-8 without control
/// characters. Numbers may come as numbers or as strings; `backup_time` may be spelt `backuptime`; unknown fields are
/// ignored. Usage names the field and what was expected.
BackupReport report_from_json(const json::Value& value);

/// Reads the body of `POST /backupinfo` by its Content-Type: JSON, an `application/x-www-form-urlencoded` form of the
/// fields, or such a form whose one field `osbackup_info` holds the object as JSON. A body that begins with `{` is JSON
/// whatever its type, and one without a type that says more is a form. Usage names the field or the place.
BackupReport parse_report(std::string_view content_type, std::string_view body);

}  // namespace osbackup::report
