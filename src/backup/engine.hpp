#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/archive_name.hpp"
#include "backup/progress.hpp"
#include "backup/scanner.hpp"
#include "backup/warning_log.hpp"

namespace osbackup::backup {

/// What an engine is to archive, and where it may write.
struct ArchivePlan {
  archive::ArchiveName name;
  std::string run_id;
  std::vector<std::string> directories;  ///< Existing, normalised, absolute, in the archive's order.
  SelectionRules rules;
  std::filesystem::path run_directory;  ///< Empty, private, removed by the caller when the run ends.
  unsigned threads = 1;
};

/// What an engine made: a zip that needs only `unzip` and `tar`.
struct MadeArchive {
  std::filesystem::path file;  ///< In the run directory.
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;         ///< Regular files in it.
  std::uint64_t source_bytes = 0;  ///< Their content.
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

  /// Makes the archive. Missing single files are warnings; NoSpace when the run directory's file system is full;
  /// Cancelled when `stop` was requested, with every child process ended.
  virtual MadeArchive make(const ArchivePlan& plan, RunObserver observer, std::stop_token stop) = 0;
};

}  // namespace osbackup::backup
