#pragma once

#include "client/command_line.hpp"

namespace osbackup::client {

/// `osbackup dump`: writes one file of an archive to standard output. Gives the exit code.
int dump_command(const CommonOptions& common, const DumpOptions& options);

}  // namespace osbackup::client
