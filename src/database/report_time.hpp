#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "report/backup_report.hpp"

namespace osbackup::database {

/// When a report's backup ended by the server's clock (docs/protocol.md, "Durability, and exactly once").
struct ReportTime {
  std::string ended_at;                      ///< RFC 3339, UTC, whole seconds: texts compare as times do.
  std::optional<std::int64_t> skew_seconds;  ///< What the host's clock is behind; nothing when it did not say.
};

/// finished_at corrected by the skew between sent_at and `received_at`, never later than `received_at`. A report
/// without these times ended when it was received.
ReportTime report_time(const report::BackupReport& report, TimePoint received_at);

}  // namespace osbackup::database
