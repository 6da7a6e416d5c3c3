#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "system/file_descriptor.hpp"

namespace osbackup::system {

/// A program of the host to run, without a shell.
struct Command {
  std::vector<std::string> arguments;       ///< The program (looked for on PATH) and its arguments.
  std::vector<std::string> environment;     ///< `NAME=value`, all of it.
  std::filesystem::path working_directory;  ///< Empty: this process's.
  int standard_output = -1;                 ///< A descriptor that stays the caller's; -1: /dev/null.
};

/// What is exchanged with a running command. Both are called on the thread that called run_command.
struct CommandDialogue {
  /// The next piece of standard input; nothing at its end. Not called again after that, nor once the command has closed
  /// its input.
  std::function<std::optional<std::string>()> next_input;
  /// A line of standard error, without its newline; what it has beyond 64 KiB is dropped.
  std::function<void(std::string_view)> on_message;
};

/// How a command ended.
struct CommandEnd {
  int exit_code = 0;  ///< Meaningful when `signal` is 0.
  int signal = 0;     ///< The signal that ended it.

  bool succeeded() const noexcept { return exit_code == 0 && signal == 0; }
  /// `exit code 2`, `signal 9 (Killed)`.
  std::string text() const;
};

/// Runs a command to its end, feeding it and listening to it meanwhile.
///
/// The command gets a process group of its own, and every signal's default action. What it leaves running when it ends
/// (a service) is neither listened to nor ended. When `stop` is requested, or the dialogue throws, the group is sent
/// SIGTERM and after five seconds SIGKILL, and Cancelled (or what was thrown) is thrown when all of it has ended.
/// NotFound when there is no such program or working directory. Thread-safe: several commands may run at once from
/// several threads.
CommandEnd run_command(const Command& command, const CommandDialogue& dialogue, const std::stop_token& stop);

/// Whether a program of this name is on PATH.
bool is_on_path(const std::string& program);

}  // namespace osbackup::system
