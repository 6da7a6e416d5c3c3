#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/engine.hpp"

namespace osbackup::backup {

/// The environment that the host's commands run in: no locale and no time zone but ours, no options from variables.
std::vector<std::string> command_environment(const std::string& locale);

/// Archives one directory with the host's `tar`. Thread-safe.
class TarCommand {
 public:
  /// Asks the installed tar what it knows; a flag that it lacks is left out with a warning.
  TarCommand(WarningLog& warnings, const std::stop_token& stop);

  /// What went into one `.tar.gz`.
  struct Content {
    std::uint64_t files = 0;
    std::uint64_t source_bytes = 0;
    std::uint64_t excluded = 0;
  };

  /// What goes where.
  struct Order {
    std::string directory;
    std::filesystem::path file;
  };

  /// Feeds what the scanner finds below the directory to one tar process that writes the file, a new one. Throws when
  /// the file cannot be trusted: NoSpace when the disk is full, Internal with tar's own words otherwise.
  Content archive(const Order& order, const ArchivePlan& plan, RunObserver observer, const std::stop_token& stop) const;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace osbackup::backup
