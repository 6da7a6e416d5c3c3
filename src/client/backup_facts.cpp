#include "client/backup_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/byte_count.hpp"
#include "core/counted.hpp"
#include "core/encoding.hpp"
#include "core/time_format.hpp"
#include "core/version.hpp"

namespace osbackup::client {
namespace {

constexpr std::size_t kErrorBytesMax = 900;

std::string joined(const std::vector<std::string>& directories) {
  return printable(fmt::format("{}", fmt::join(directories, ",")));
}

std::string files_missing(std::uint64_t count) {
  return counted(count, "file") + (count == 1 ? " is missing" : " are missing");
}

std::string error_and_alarm(const BackupFacts& facts) {
  return facts.error + (facts.error.empty() || facts.alarm.empty() ? "" : "; ") + facts.alarm;
}

}  // namespace

report::BackupReport to_report(const BackupFacts& facts) {
  report::BackupReport report;
  report.ip = facts.name.ip;
  report.hostname = printable(facts.name.hostname);
  report.backup_state = facts.made;
  report.is_ok = facts.published;
  report.backupfilename = facts.made ? facts.name.text() : "";
  report.file_size = megabytes_rounded_up(facts.archive_bytes);
  report.dirs = joined(facts.directories);
  const TimePoint finished = facts.name.started + facts.duration;
  report.insert_time = local_time(finished);
  report.backup_time = local_time(facts.name.started);
  report.run_id = facts.run_id;
  report.started_at = rfc3339(facts.name.started);
  report.finished_at = rfc3339(finished);
  report.file_bytes = facts.archive_bytes;
  report.source_bytes = facts.source_bytes;
  report.files = facts.files;
  report.changed_files = facts.warnings.changed;
  report.warnings = facts.warnings.all();
  report.duration_ms = static_cast<std::uint64_t>(facts.duration.count());
  report.kind = "full";
  if (!facts.sha256.empty()) report.sha256 = facts.sha256;
  if (!facts.manifest_sha256.empty()) report.manifest_sha256 = facts.manifest_sha256;
  report.verified = facts.verified;
  if (const std::string trouble = error_and_alarm(facts); !trouble.empty())
    report.error = printable(trouble, kErrorBytesMax);
  report.version = std::string(version());
  return report;
}

std::string result_in_words(const BackupFacts& facts) {
  if (facts.published && facts.warnings.missing == 0) return "complete";
  if (facts.published) return "complete, but " + files_missing(facts.warnings.missing);
  return facts.made ? "made, but not sent" : "FAILED";
}

notify::MailFacts to_mail(const BackupFacts& facts, std::vector<std::string> first_warnings) {
  return {.hostname = printable(facts.name.hostname),
          .ip = facts.name.ip,
          .succeeded = facts.published,
          .result = result_in_words(facts),
          .error = error_and_alarm(facts),
          .archive = facts.made ? facts.name.text() : "",
          .archive_bytes = facts.archive_bytes,
          .files = facts.files,
          .directories = joined(facts.directories),
          .started = facts.name.started,
          .duration = facts.duration,
          .warning_count = facts.warnings.all(),
          .first_warnings = std::move(first_warnings)};
}

json::Object to_summary(const BackupFacts& facts, int exit_code) {
  json::Object summary{{"message_type", "summary"},
                       {"run_id", facts.run_id},
                       {"hostname", printable(facts.name.hostname)},
                       {"ip", facts.name.ip},
                       {"started", rfc3339(facts.name.started)},
                       {"duration_ms", facts.duration.count()},
                       {"published", facts.published},
                       {"files", facts.files},
                       {"source_bytes", facts.source_bytes},
                       {"archive_bytes", facts.archive_bytes},
                       {"missing_files", facts.warnings.missing},
                       {"changed_files", facts.warnings.changed},
                       {"warnings", facts.warnings.all()},
                       {"verified", facts.verified},
                       {"exit_code", exit_code}};
  if (facts.made) summary["archive"] = facts.name.text();
  if (!facts.sha256.empty()) summary["sha256"] = facts.sha256;
  if (!facts.manifest_sha256.empty()) summary["manifest_sha256"] = facts.manifest_sha256;
  if (const std::string trouble = error_and_alarm(facts); !trouble.empty()) summary["error"] = printable(trouble);
  return summary;
}

std::string to_sentence(const BackupFacts& facts) {
  if (!facts.published)
    return fmt::format("backup {} after {}", result_in_words(facts), human_duration(facts.duration));
  std::string text =
      fmt::format("published {}: {} from {} files ({}) in {}", facts.name.text(), human_bytes(facts.archive_bytes),
                  facts.files, human_bytes(facts.source_bytes), human_duration(facts.duration));
  text += facts.verified ? ", read back and verified" : ", not verified";
  if (facts.warnings.missing > 0) text += "; " + files_missing(facts.warnings.missing) + " from it";
  return text;
}

}  // namespace osbackup::client
