#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "archive/entry_source.hpp"
#include "archive/index_entry.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::restore {

/// What entries are sorted by, in the order of archives (archive::comes_before).
enum class SortKey {
  Path,
  Target,  ///< Of hard links: the path of what they link to.
};

/// Sorts entries that come in any order, with bounded memory: what is more lies in a file without a name. One thread at
/// a time.
class EntrySorter {
 public:
  /// About so much memory the entries take before they go to the file.
  static constexpr std::size_t kMemoryBytes = 32U << 20U;
  /// So often they may: some 10^7 entries.
  static constexpr std::size_t kRunsMax = 256;

  /// The file is made in `directory`, when it is needed.
  EntrySorter(std::filesystem::path directory, SortKey key, std::size_t memory_bytes = kMemoryBytes);

  /// Adds an entry, of which all is kept but its placement. NoSpace when the file cannot grow, Usage when there are
  /// more entries than kRunsMax allows.
  void add(archive::IndexEntry entry);

  bool empty() const noexcept { return run_.empty() && spilled_.empty(); }

  /// All that was added, in order; what has one key, as it came. It may be called again. The sorter outlives the
  /// source; when something is added, it is of no use any more.
  std::unique_ptr<archive::EntrySource> sorted();

 private:
  class SpilledRun;
  class Merge;

  /// Where entries that were sorted together lie in the file.
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };

  void sort_run();
  void spill();

  std::filesystem::path directory_;
  SortKey key_;
  std::size_t memory_bytes_;
  std::vector<archive::IndexEntry> run_;  ///< The last, in memory.
  std::size_t run_bytes_ = 0;
  system::FileDescriptor file_;
  std::uint64_t file_bytes_ = 0;
  std::vector<Place> spilled_;
};

}  // namespace osbackup::restore
