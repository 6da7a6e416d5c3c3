#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "archive/entry_source.hpp"
#include "restore/entry_stream.hpp"
#include "restore/ordered_entries.hpp"
#include "restore/restore_progress.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// How tars are gone through.
struct TarReading {
  std::function<void(const Trouble&)> on_trouble;  ///< Gets attributes that cannot be compared, as Failed.
  RestoreProgress* progress = nullptr;             ///< Is told how many bytes of content were read, if there is one.
  std::stop_token stop;                            ///< Ends it with Cancelled.
};

/// The entries of an archive without an index as one would describe them, in the order of archives. All of the stream
/// is read before this returns, and the content of each file hashed. A hard link is given as what it links to.
///
/// Memory is bounded. Flags and names of the host, ctime, device, inode and number of links are not known. Errors are
/// those of EntryStream and EntrySorter.
std::unique_ptr<archive::EntrySource> entries_of_tars(EntryStream& tars, const OrderedEntries& wanted,
                                                      const TarReading& reading);

}  // namespace osbackup::restore
