#pragma once

#include "client/command_line.hpp"

namespace osbackup::client {

/// `osbackup ls`: lists what is in an archive. Gives the exit code.
int ls_command(const CommonOptions& common, const LsOptions& options);

}  // namespace osbackup::client
