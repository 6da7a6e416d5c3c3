#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <vector>

#include "restore/sink_options.hpp"
#include "system/beneath.hpp"

namespace osbackup::restore {

/// The directory that a restore goes into, held open.
struct TargetRoot {
  system::Beneath beneath;
  /// By the clock of the target's file system: what is older was there before. Nothing if it does not tell when things
  /// were made.
  std::optional<timespec> started;
  bool is_made = false;  ///< By this run.
};

/// Opens the target, and makes it with what is missing above it. Usage when it is no directory; Denied, NoSpace and so
/// on when nothing can be written to it: it tries.
TargetRoot open_target(const SinkOptions& options);

/// What open_target() would make for this target now, the deepest first.
std::vector<std::filesystem::path> missing_directories(const std::filesystem::path& target);

/// Removes of such directories those that are empty. What became something else meanwhile stays, and what is above what
/// stays.
void remove_empty(const std::vector<std::filesystem::path>& directories) noexcept;

/// The target, only to be looked at; nothing when it is not there. Usage when it is no directory.
std::optional<system::Beneath> find_target(const SinkOptions& options);

}  // namespace osbackup::restore
