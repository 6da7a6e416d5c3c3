#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/archive_name.hpp"
#include "backup/progress.hpp"
#include "backup/scanner.hpp"
#include "backup/spool.hpp"
#include "backup/warning_log.hpp"

namespace osbackup::backup {

/// What an engine is to archive, and where it may write.
struct ArchivePlan {
  archive::ArchiveName name;
  std::string run_id;
  std::vector<std::string> directories;  ///< Existing, normalised, absolute, in the archive's order.
  std::vector<Warning> warnings;         ///< What was found before the work; told already, for the archive to carry.
  SelectionRules rules;
  std::filesystem::path run_directory;  ///< Empty, private, removed by the caller when the run ends.
  unsigned threads = 1;
};

/// What an engine made and left in the spool: a zip that needs only `unzip` and `tar`.
struct MadeArchive {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;         ///< Regular files in it.
  std::uint64_t source_bytes = 0;  ///< Their content.
  std::uint64_t excluded = 0;      ///< Objects that the rules left out (Scanner::excluded).
  std::string manifest_sha256{};   ///< Of `osbackup/manifest.json`, in hexadecimal digits; empty when there is none.
};

/// Who is told what happens while an archive is made. Both are thread-safe.
struct RunObserver {
  Progress& progress;
  WarningLog& warnings;
};

/// Turns directories into one archive. One run at a time.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Writes the archive to `spool`, in order, or makes it as a file in the run directory and has the spool adopt it.
  /// The caller ends the spool, with finish() when this returns and with abandon() when it throws: an engine does
  /// neither. Missing single files are warnings; NoSpace when the run directory's file system is full; Cancelled when
  /// `stop` was requested, with every child process ended; what the spool throws passes unchanged.
  virtual MadeArchive make(const ArchivePlan& plan, RunObserver observer, Spool& spool, std::stop_token stop) = 0;
};

}  // namespace osbackup::backup
