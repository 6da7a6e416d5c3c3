#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backup/block.hpp"
#include "backup/linked_objects.hpp"
#include "backup/scanner.hpp"
#include "backup/warning_log.hpp"

namespace osbackup::backup {

/// Which of the configured directories is planned, and how much a block may take of what there is little of.
struct PlannerOptions {
  std::size_t directory = 0;
  std::size_t descriptors_max = 64;  ///< About so many files and directories one block keeps open.
  ScanLimits scan = {};
};

/// What the planners of one run share.
struct PlannerContext {
  const SelectionRules& rules;
  WarningLog& warnings;
  LinkedObjects& linked_objects;
};

/// Divides what the scanner finds below one configured directory into blocks (docs/format.md, "Gzip members"), and
/// decides in the archive's order which of an object's names carries its content. One thread at a time.
class BlockPlanner {
 public:
  /// Throws as Scanner does.
  BlockPlanner(const std::string& directory, const PlannerContext& context, PlannerOptions options);

  /// The next block in order; nothing after the one that ends the directory.
  std::optional<Block> next();

  /// How many objects the rules left out so far.
  std::uint64_t excluded() const noexcept { return scanner_.excluded(); }

 private:
  std::optional<PlannedObject> plan_next();
  bool plan_file(PlannedObject& planned);
  bool hold(PlannedObject& planned);
  bool plan_link(PlannedObject& planned);
  void register_first_name(PlannedObject& planned);
  bool read_target(PlannedObject& planned);
  Block next_slice();
  bool fits(const Block& block, const PlannedObject& planned) const;
  void add(Block& block, PlannedObject planned);
  void warn_of_long_path(const ScannedObject& scanned);
  void warn_of_holes(const std::string& path, std::uint64_t bytes);
  void leave_out_long_path(const std::string& path);
  void warn_missing(const std::string& path, const std::string& reason);

  const PlannerContext context_;
  const PlannerOptions options_;
  Scanner scanner_;
  std::optional<PlannedObject> waiting_;  ///< Did not fit into the block before.
  std::optional<Slice> slice_;            ///< The last that was planned of `waiting_`.
  std::uint64_t block_bytes_ = 0;         ///< Estimated, of the block that is filled.
  std::size_t block_descriptors_ = 0;
  bool ended_ = false;
  bool left_out_long_path_ = false;
};

}  // namespace osbackup::backup
