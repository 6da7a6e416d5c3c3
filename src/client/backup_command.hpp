#pragma once

#include "client/command_line.hpp"

namespace osbackup::client {

/// `osbackup backup`: checks that it runs as root (requirement C9), reads the configuration, takes the lock and makes
/// one run. Returns the exit code; throws Error when the run could not begin.
int backup_command(const CommonOptions& options);

}  // namespace osbackup::client
