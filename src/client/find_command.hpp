#pragma once

#include "client/command_line.hpp"

namespace osbackup::client {

/// `osbackup find`: tells in which archives a path occurs. Gives the exit code.
int find_command(const CommonOptions& common, const FindOptions& options);

}  // namespace osbackup::client
