#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace osbackup::test {

/// The system's user that test servers run as, without root's rights.
inline constexpr const char* kServerAccount = "ftp";

/// Makes the server's account the owner of a file or folder.
void give_to_server(const std::filesystem::path& path);

/// The command line that runs a program with the server's account.
std::vector<std::string> as_server(const std::vector<std::string>& command);

/// The same command line in a mount namespace of its own, where the folder is an empty file system of that size:
/// nothing is left mounted, however the test ends.
std::vector<std::string> with_disk(const std::vector<std::string>& command, std::uint64_t disk_bytes,
                                   const std::filesystem::path& folder);

}  // namespace osbackup::test
