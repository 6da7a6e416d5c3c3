#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace osbackup::config {

/// The text of a configuration file that holds passwords: a regular file of root's or this user's that nobody else can
/// read or write. Usage says what is wrong and the command that mends it.
std::string read_private_file(const std::filesystem::path& file);

/// The same of a file with a private key.
std::string read_private_key(const std::filesystem::path& file);

/// The text of a file that says whom to trust: as above, but others may read it. Nothing when there is none.
std::optional<std::string> read_trusted_file(const std::filesystem::path& file);

}  // namespace osbackup::config
