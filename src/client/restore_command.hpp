#pragma once

#include "client/command_line.hpp"

namespace osbackup::client {

/// `osbackup restore`: brings objects of an archive back into a directory. Gives the exit code.
int restore_command(const CommonOptions& common, const RestoreOptions& options);

}  // namespace osbackup::client
