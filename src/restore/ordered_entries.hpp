#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "archive/archive_reader.hpp"
#include "archive/entry_source.hpp"

namespace osbackup::restore {

/// Which entries of an archive are wanted, and what is needed to put them in order.
struct OrderedEntries {
  /// With all below each; none inside another, in the order of archives (outermost_paths()). Empty: everything.
  std::vector<std::string> paths;
  /// Where entries lie that memory has no room for.
  std::filesystem::path scratch_directory;
};

/// The entries of an archive with an index, in the order of archives. Where the archive's own order begins anew
/// (docs/format.md, "Order") they are sorted first, so that a path may come from anywhere in it; of several entries
/// with one path, all come. A hard link to something else than a file is given as what it links to.
///
/// Memory is bounded. The archive outlives the source; errors are those of IndexReader and EntrySorter.
std::unique_ptr<archive::EntrySource> entries_of_index(archive::ArchiveReader& archive, const OrderedEntries& wanted);

}  // namespace osbackup::restore
