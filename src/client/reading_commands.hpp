#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "client/command_line.hpp"

namespace osbackup::client {

/// Adds the commands that read archives to the command line, each with its options and help; `add_common_options` gives
/// each what every command takes. The one that is parsed is put into `command`, which outlives the parsing, as do
/// `app` and what the function refers to.
void add_reading_commands(CLI::App& app, Command& command, const std::function<void(CLI::App&)>& add_common_options);

}  // namespace osbackup::client
