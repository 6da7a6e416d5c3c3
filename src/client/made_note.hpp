#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "archive/archive_name.hpp"
#include "report/backup_report.hpp"

namespace osbackup::client {

/// What a run leaves in its directory beside a finished archive, in case that it is killed before the archive is
/// published or kept: enough for the next run to send and report it.
struct MadeNote {
  archive::ArchiveName name;
  std::filesystem::path archive;
  std::string report;  ///< The run's report as JSON.
};

/// On disk when it returns.
void write_made_note(const std::filesystem::path& run_directory, const std::filesystem::path& archive,
                     const report::BackupReport& report);

/// Nothing when the run had not finished its archive, or when the host was booted since: what was not synced may then
/// be lost. Corrupt when the note is something else.
std::optional<MadeNote> read_made_note(const std::filesystem::path& run_directory);

}  // namespace osbackup::client
