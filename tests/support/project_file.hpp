#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace osbackup::test {

/// A file or directory of the source tree, by its path from the root.
std::filesystem::path project_path(const std::string& path);

/// The whole of a file.
std::string content_of(const std::filesystem::path& path);

/// The contents of all files in a directory of the source tree.
std::vector<std::string> files_in(const std::string& directory);

/// The ```ini block in a document whose first line names `file`.
std::string example_in(const std::string& document, const std::string& file);

}  // namespace osbackup::test
