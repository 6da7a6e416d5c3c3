#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_name.hpp"
#include "storage/destination.hpp"

namespace osbackup::restore {

/// An archive at a destination. Objects with other names are not archives: uploads in progress, other people's files.
struct Snapshot {
  archive::ArchiveName name;
  storage::ObjectInfo object;
};

/// The archives of a host, or of every host, the oldest first; of one second, in the order of their names. `hostname`
/// is as it was when the archives were made, not encoded.
std::vector<Snapshot> list_snapshots(storage::Destination& destination, const std::optional<std::string>& hostname);

/// The same; NotFound when there is none, which says what there is instead.
std::vector<Snapshot> require_snapshots(storage::Destination& destination, const std::optional<std::string>& hostname);

/// The one archive that `text` means: its name; or, among those of `hostname`, `latest` or the begin of its timestamp
/// (`20260301`, `20260301T0215`). NotFound when there is none, which says what there is instead (of this host, or of
/// which other hosts); Usage when there are several, which names them.
Snapshot find_snapshot(storage::Destination& destination, const std::string& text, const std::string& hostname);

}  // namespace osbackup::restore
