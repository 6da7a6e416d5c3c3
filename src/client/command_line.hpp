#pragma once

#include <filesystem>
#include <optional>

#include "client/console.hpp"

namespace osbackup::client {

/// What the command line asks for.
struct CommandLine {
  enum class Command { Backup };

  Command command = Command::Backup;
  std::filesystem::path config = "/etc/osbackup/osbackup.conf";
  bool json = false;
  Verbosity verbosity = Verbosity::Normal;
};

/// Reads the command line. Nothing when it only asked for help or the version, which is then printed. Usage says what
/// is wrong and names the help.
std::optional<CommandLine> parse_command_line(int argc, char** argv);

}  // namespace osbackup::client
