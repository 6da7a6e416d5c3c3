#pragma once

#include <filesystem>
#include <string>

#include "core/secret.hpp"

namespace osbackup::server {

/// The file's one line. Usage when it has none or more than one, or is longer than 4 KiB.
Secret read_password_file(const std::filesystem::path& file);

/// Asks twice on the terminal, without showing what is typed. Usage when there is no terminal, or the two differ.
Secret ask_for_password(const std::string& user);

}  // namespace osbackup::server
