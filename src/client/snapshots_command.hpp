#pragma once

#include "client/command_line.hpp"

namespace osbackup::client {

/// `osbackup snapshots`: lists the archives at the destination, the oldest first. Gives the exit code.
int snapshots_command(const CommonOptions& common, const SnapshotsOptions& options);

}  // namespace osbackup::client
