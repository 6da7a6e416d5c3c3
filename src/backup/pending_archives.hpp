#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "archive/archive_name.hpp"

namespace osbackup::backup {

/// An archive that could not be sent, and what its run wanted to say about it.
struct PendingArchive {
  archive::ArchiveName name;
  std::filesystem::path file;
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string note;  ///< The caller's text, as given to keep().
};

/// How much is kept.
struct PendingLimits {
  std::size_t archives_max = 2;
  double file_system_share_max = 0.20;  ///< Of the file system's size.
};

/// The archives that wait in the state directory for a destination that works again. Survives a crash at any point: an
/// archive is listed only when it is there whole. One thread at a time; one process at a time, by the run's lock.
class PendingArchives {
 public:
  /// Opens the folder, or makes it; leftovers of an interrupted keep() are removed. `on_loss` gets one line for each
  /// archive that is dropped to make room, or found damaged and set aside: a loss that somebody must hear of.
  PendingArchives(std::filesystem::path folder, std::function<void(const std::string&)> on_loss,
                  PendingLimits limits = {});

  /// Oldest first. What is damaged is set aside.
  std::vector<PendingArchive> list();

  /// Moves an archive in; the oldest are dropped until the limits hold. NoSpace when there is no room for it: it then
  /// stays where it was.
  void keep(const std::filesystem::path& file, const archive::ArchiveName& name, const std::string& note);

  /// Reads all of it: whether it is still what was kept.
  static bool is_whole(const PendingArchive& pending);

  /// Called when it was sent.
  void remove(const PendingArchive& pending);

  /// Renames a damaged one, so that it is not listed again.
  void set_aside(const std::filesystem::path& file);

 private:
  void drop(const PendingArchive& pending);

  std::filesystem::path folder_;
  std::function<void(const std::string&)> on_loss_;
  PendingLimits limits_;
};

}  // namespace osbackup::backup
