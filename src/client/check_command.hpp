#pragma once

#include "client/command_line.hpp"

namespace osbackup::client {

/// `osbackup check`: tells whether archives are whole, and what of those that are not is concerned. Gives the exit
/// code.
int check_command(const CommonOptions& common, const CheckOptions& options);

}  // namespace osbackup::client
