#pragma once

#include "client/command_line.hpp"

namespace osbackup::client {

/// `osbackup diff`: tells what changed from one archive to another, or to this host's disks as they are now. Gives the
/// exit code, which says nothing of whether there are differences.
int diff_command(const CommonOptions& common, const DiffOptions& options);

}  // namespace osbackup::client
