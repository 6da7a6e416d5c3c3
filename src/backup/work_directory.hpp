#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "system/private_directory.hpp"

namespace osbackup::backup {

/// The work directory, and in it the directory of one run, which goes with the object. What else lies in the work
/// directory is never touched, whatever the user named there. One thread at a time; one process at a time, by the run's
/// lock.
class WorkDirectory {
 public:
  /// Opens the work directory, or makes it, as system::PrivateDirectory does.
  explicit WorkDirectory(const std::filesystem::path& path);
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  ~WorkDirectory();

  const std::filesystem::path& path() const noexcept { return directory_.path(); }

  /// Where a link or somebody else's directory in its place went: a sign of an attack.
  const std::optional<std::filesystem::path>& set_aside() const noexcept { return directory_.set_aside(); }

  /// The directories of runs that were killed.
  std::vector<std::filesystem::path> leftovers() const;
  void remove_leftover(const std::filesystem::path& leftover) noexcept;

  /// Makes the directory of this run: new, empty, for root alone.
  std::filesystem::path begin_run(const std::string& run_id);

 private:
  system::PrivateDirectory directory_;
  std::string run_name_;
};

}  // namespace osbackup::backup
