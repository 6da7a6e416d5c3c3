#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/archive_reader.hpp"
#include "archive/entry_source.hpp"
#include "restore/restore_progress.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// Which entries of an archive are wanted, and what is needed to put them in order.
struct OrderedEntries {
  /// With all below each; none inside another, in the order of archives (outermost_paths()). Empty: everything.
  std::vector<std::string> paths;
  /// Where entries lie that memory has no room for.
  std::filesystem::path scratch_directory;
  /// Gets what is to be said of an archive without an index; an attribute that cannot be compared is Failed.
  std::function<void(const Trouble&)> on_trouble;
  /// Is told how many bytes of the content of such an archive were read, if there is one.
  RestoreProgress* progress = nullptr;
  std::stop_token stop;  ///< Ends the reading of such an archive with Cancelled.
};

/// The entries of an archive in the order of archives, which outlives them; of several with one path, all come. Memory
/// is bounded. Errors are those of the archive and of EntrySorter.
///
/// Where the order of an index begins anew (docs/format.md, "Order") it is sorted first, so that a path may come from
/// anywhere in it. A hard link to something else than a file is given as what it links to.
///
/// An archive without an index is described as an index would. It is read, and the content of each file hashed, before
/// this returns. Each hard link is given as what it links to. Flags, ctime, device, inode and number of links are not
/// known.
std::unique_ptr<archive::EntrySource> entries_in_order(archive::ArchiveReader& archive, const OrderedEntries& wanted);

}  // namespace osbackup::restore
