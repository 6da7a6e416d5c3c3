#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "database/user_store.hpp"

namespace osbackup::server {

/// What osbackupd is asked to do.
struct Command {
  enum class Verb { Serve, UserAdd, UserList, UserRemove, Migrate, ShowText };

  Verb verb = Verb::ShowText;
  std::optional<std::filesystem::path> config;  ///< `--config`, when it was given.
  std::string user;
  database::Role role = database::Role::Agent;
  std::optional<std::filesystem::path> password_file;
  std::string text;  ///< For ShowText: help or version.
};

/// Reads the command line of docs/cli.md. Usage when it is wrong.
Command parse_command_line(int argc, const char* const* argv);

}  // namespace osbackup::server
