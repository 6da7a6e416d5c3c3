#pragma once

#include <optional>
#include <variant>

#include "client/reading_options.hpp"
#include "client/remark.hpp"

namespace osbackup::client {

/// What every command takes.
struct CommonOptions {
  std::filesystem::path config = "/etc/osbackup/osbackup.conf";
  bool json = false;
  Verbosity verbosity = Verbosity::Normal;
};

/// What `backup` is asked: nothing yet.
struct BackupOptions {};

/// Which command, and what it is told.
using Command = std::variant<BackupOptions, SnapshotsOptions, LsOptions, FindOptions, DiffOptions, RestoreOptions,
                             DumpOptions, CheckOptions>;

/// What the command line asks for.
struct CommandLine {
  CommonOptions common;
  Command command;
};

/// Reads the command line. Nothing when it only asked for help or the version, which is then printed. Usage says what
/// is wrong and names the help.
std::optional<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace osbackup::client
