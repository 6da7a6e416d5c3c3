#pragma once

#include <filesystem>
#include <string>

#include "archive/archive_name.hpp"
#include "backup/engine.hpp"
#include "backup/warning_log.hpp"
#include "config/client_config.hpp"

namespace osbackup::client {

/// Which archive a run makes, and where.
struct ArchiveIdentity {
  archive::ArchiveName name;
  std::string run_id;
  std::filesystem::path run_directory;
};

/// What the configuration says an archive is made of. A configured directory that is not there or is none is a warning;
/// NotFound when none is left.
backup::ArchivePlan plan_archive(const config::ClientConfig& config, ArchiveIdentity identity,
                                 backup::WarningLog& warnings);

}  // namespace osbackup::client
