#pragma once

#include <filesystem>

#include "backup/scanner.hpp"
#include "config/client_config.hpp"

namespace osbackup::client {

/// What the configuration selects of its directories, with the file systems that are mounted now. osbackup's own
/// directories are never selected. Names that memory has no room for lie in `spill_directory`.
backup::SelectionRules selection_rules(const config::ClientConfig& config,
                                       const std::filesystem::path& spill_directory);

}  // namespace osbackup::client
