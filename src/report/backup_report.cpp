#include "report/backup_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/encoding.hpp"
#include "core/ip_address.hpp"
#include "core/time_format.hpp"
#include "report/field_reader.hpp"
#include "report/form_decoder.hpp"
#include "report/run_id.hpp"

namespace osbackup::report {
namespace {

constexpr std::size_t kIpBytesMax = 45;
constexpr std::size_t kHostnameBytesMax = 255;
constexpr std::size_t kFileSizeBytesMax = 64;
constexpr std::size_t kDirsBytesMax = 4096;
constexpr std::size_t kTimeBytesMax = 64;
constexpr std::size_t kKindBytesMax = 16;
constexpr std::size_t kErrorBytesMax = 1000;
constexpr std::size_t kVersionBytesMax = 64;
constexpr std::uint64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kAttemptMax = std::numeric_limits<std::int32_t>::max();

std::string read_ip(const FieldReader& fields) {
  const std::optional<std::string> address = canonical_address(fields.text("ip", kIpBytesMax));
  if (!address) throw_wrong("ip", "an IPv4 or IPv6 address");
  return *address;
}

std::string read_hostname(const FieldReader& fields) {
  std::string name = fields.text("hostname", kHostnameBytesMax);
  if (name.empty()) throw_wrong("hostname", "a name");
  return name;
}

std::string read_local_time(const FieldReader& fields, std::string_view name) {
  std::string time = fields.text(name, kTimeBytesMax);
  if (!is_local_time(time)) throw_wrong(name, "a time such as 2014-01-01 11:11:11");
  return time;
}

std::string read_backup_time(const FieldReader& fields) {
  // The user's notes spell it both ways.
  return read_local_time(fields, !fields.has("backup_time") && fields.has("backuptime") ? "backuptime" : "backup_time");
}

std::optional<std::string> read_rfc3339(const FieldReader& fields, std::string_view name) {
  std::optional<std::string> time = fields.optional_text(name, kTimeBytesMax);
  if (time && !parse_rfc3339(*time)) throw_wrong(name, "a time such as 2026-11-23T09:30:00Z");
  return time;
}

std::optional<std::string> read_run_id(const FieldReader& fields) {
  const std::optional<std::string> text = fields.optional_text("run_id", kTimeBytesMax);
  if (!text) return std::nullopt;
  std::optional<std::string> run_id = canonical_run_id(*text);
  if (!run_id) throw_wrong("run_id", "a UUID");
  return run_id;
}

std::optional<std::string> read_kind(const FieldReader& fields) {
  std::optional<std::string> kind = fields.optional_text("kind", kKindBytesMax);
  if (kind && *kind != "full" && *kind != "incremental") throw_wrong("kind", "full or incremental");
  return kind;
}

bool is_json(std::string_view content_type, std::string_view body) {
  const std::string type = lower_case(content_type.substr(0, content_type.find(';')));
  if (type.find("json") != std::string::npos) return true;
  if (type.find("multipart/") != std::string::npos)
    throw Error(ErrorKind::Usage, "multipart/form-data is not read here: send JSON or an urlencoded form");
  // Also when the type says form: urllib and curl say so of any body, and no form begins with a brace.
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '{';
}

json::Value parse_json(std::string_view text) {
  try {
    return json::parse(text);
  } catch (const Error& error) {
    throw Error(ErrorKind::Usage, error.what());
  }
}

json::Value form_to_json(std::string_view body) {
  const auto fields = decode_form(body);
  if (fields.size() == 1 && fields.front().first == "osbackup_info") return parse_json(fields.front().second);
  json::Object object;
  for (const auto& [name, value] : fields) {
    // A form cannot leave out a value: an empty one of an optional field is none.
    const bool required_text = name == "backupfilename" || name == "file_size" || name == "dirs";
    if (!value.empty() || required_text) object[name] = value;
  }
  return object;
}

}  // namespace

json::Object to_json(const BackupReport& report) {
  json::Object out;
  out["ip"] = report.ip;
  out["hostname"] = report.hostname;
  out["backup_state"] = report.backup_state ? 1 : 0;
  out["is_ok"] = report.is_ok ? 1 : 0;
  out["backupfilename"] = report.backupfilename;
  out["file_size"] = report.file_size;
  out["dirs"] = report.dirs;
  out["insert_time"] = report.insert_time;
  out["backup_time"] = report.backup_time;
  const auto put = [&out](std::string_view name, const auto& value) {
    if (value) out[name] = *value;
  };
  put("run_id", report.run_id);
  if (report.run_id || report.attempt > 0) out["attempt"] = report.attempt;
  put("started_at", report.started_at);
  put("finished_at", report.finished_at);
  put("sent_at", report.sent_at);
  put("file_bytes", report.file_bytes);
  put("source_bytes", report.source_bytes);
  put("files", report.files);
  put("changed_files", report.changed_files);
  put("warnings", report.warnings);
  put("duration_ms", report.duration_ms);
  put("kind", report.kind);
  put("sha256", report.sha256);
  put("manifest_sha256", report.manifest_sha256);
  if (report.verified) out["verified"] = *report.verified ? 1 : 0;
  put("error", report.error);
  put("version", report.version);
  return out;
}

BackupReport report_from_json(const json::Value& value) {
  if (!value.is_object()) throw Error(ErrorKind::Usage, "the report must be a JSON object");
  const FieldReader fields(value.get_object());
  BackupReport report;
  report.ip = read_ip(fields);
  report.hostname = read_hostname(fields);
  report.backup_state = fields.flag("backup_state");
  report.is_ok = fields.flag("is_ok");
  report.backupfilename = fields.text("backupfilename", kFilenameBytesMax);
  report.file_size = fields.text("file_size", kFileSizeBytesMax);
  report.dirs = fields.text("dirs", kDirsBytesMax);
  report.insert_time = read_local_time(fields, "insert_time");
  report.backup_time = read_backup_time(fields);
  report.run_id = read_run_id(fields);
  report.attempt = static_cast<std::uint32_t>(fields.optional_integer("attempt", kAttemptMax).value_or(0));
  report.started_at = read_rfc3339(fields, "started_at");
  report.finished_at = read_rfc3339(fields, "finished_at");
  report.sent_at = read_rfc3339(fields, "sent_at");
  report.file_bytes = fields.optional_integer("file_bytes", kIntegerMax);
  report.source_bytes = fields.optional_integer("source_bytes", kIntegerMax);
  report.files = fields.optional_integer("files", kIntegerMax);
  report.changed_files = fields.optional_integer("changed_files", kIntegerMax);
  report.warnings = fields.optional_integer("warnings", kIntegerMax);
  report.duration_ms = fields.optional_integer("duration_ms", kIntegerMax);
  report.kind = read_kind(fields);
  report.sha256 = fields.optional_digest("sha256");
  report.manifest_sha256 = fields.optional_digest("manifest_sha256");
  report.verified = fields.optional_flag("verified");
  report.error = fields.optional_text("error", kErrorBytesMax);
  report.version = fields.optional_text("version", kVersionBytesMax);
  return report;
}

BackupReport parse_report(std::string_view content_type, std::string_view body) {
  return report_from_json(is_json(content_type, body) ? parse_json(body) : form_to_json(body));
}

}  // namespace osbackup::report
