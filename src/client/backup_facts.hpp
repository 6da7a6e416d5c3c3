#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "archive/archive_name.hpp"
#include "backup/warning_log.hpp"
#include "client/outcome.hpp"
#include "core/json.hpp"
#include "notify/mail_message.hpp"
#include "report/backup_report.hpp"

namespace osbackup::client {

/// All that one run can tell about itself. Filled while it goes on; the server, a mail and the summary are told from
/// it.
struct BackupFacts {
  std::string run_id;
  archive::ArchiveName name;             ///< Also holds hostname, ip and the start.
  std::vector<std::string> directories;  ///< As configured; once it is made, those that are in it.
  std::chrono::milliseconds duration{0};

  bool made = false;  ///< And it is there: published, or on this host's disk.
  bool published = false;
  std::uint64_t archive_bytes = 0;
  std::uint64_t files = 0;
  std::uint64_t source_bytes = 0;
  std::string sha256;           ///< Empty when it is not known.
  std::string manifest_sha256;  ///< Empty when the archive has no manifest.
  bool verified = false;
  std::string error;  ///< One line; empty when nothing failed.
  std::string alarm;  ///< One line about a sign of an attack or an archive that was lost; empty when there was none.
  backup::WarningLog::Counts warnings;
};

/// The facts as the server gets them (docs/protocol.md, the table of cases).
report::BackupReport to_report(const BackupFacts& facts);

/// The facts as a mail tells them; `first_warnings` are some of the warnings, one line each.
notify::MailFacts to_mail(const BackupFacts& facts, std::vector<std::string> first_warnings);

/// The facts as --json prints them at the end.
json::Object to_summary(const BackupFacts& facts, int exit_code);

/// The facts in one sentence.
std::string to_sentence(const BackupFacts& facts);

/// The result in a few words: `complete`, `complete, but 3 files are missing`, `made, but not sent`, `FAILED`.
std::string result_in_words(const BackupFacts& facts);

}  // namespace osbackup::client
