#pragma once

#include <filesystem>
#include <string>

namespace osbackup::config {

/// The text of a configuration file that holds passwords: a regular file of root's or this user's that nobody else can
/// read or write. Usage says what is wrong and the command that mends it.
std::string read_private_file(const std::filesystem::path& file);

}  // namespace osbackup::config
