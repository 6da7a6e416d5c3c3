#include "restore/archived_directories.hpp"

#include <optional>

#include "restore/sequential_entries.hpp"

namespace osbackup::restore {

std::vector<std::string> archived_directories(const archive::ArchiveReader& archive) {
  std::vector<std::string> directories;
  if (archive.manifest()) {
    for (const archive::ManifestDirectory& directory : archive.manifest()->directories)
      directories.push_back(directory.path);
    return directories;
  }
  for (const archive::ZipEntry& entry : archive.zip().entries())
    if (const std::optional<std::string> path = directory_of_tar(entry.name))
      directories.push_back(*path == "." ? "/" : "/" + *path);
  return directories;
}

}  // namespace osbackup::restore
