#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "archive/archive_reader.hpp"
#include "client/command_line.hpp"
#include "client/reading_run.hpp"
#include "config/client_config.hpp"
#include "core/range_reader.hpp"
#include "restore/recovery.hpp"
#include "restore/snapshots.hpp"
#include "storage/destination.hpp"

namespace osbackup::client {

/// An archive, and where it was found, which is there as long as its session.
struct StoredSnapshot : restore::Snapshot {
  storage::Destination* destination = nullptr;
};

/// The archives at the destination that the configuration names, for the commands that read them. Needs neither root
/// nor [BackupDirs]. What fails for a moment is tried again, as `[Ftp] retries` says. One thread at a time.
class ArchiveSession {
 public:
  /// Usage when the configuration cannot be used. Nothing is contacted yet. The run outlives it.
  ArchiveSession(const CommonOptions& options, HostChoice host, ReadingRun& run);

  const config::ClientConfig& config() const noexcept { return config_; }

  /// This host, as its archives are named.
  const std::string& own_hostname() const noexcept { return own_hostname_; }

  /// The archives of the hosts that are meant, the oldest first. NotFound when there is none, which says what there is
  /// instead.
  std::vector<StoredSnapshot> list();

  /// As restore::find_snapshot(). Where each host has a directory of its own, an archive's name is looked for in that
  /// of the host in it, and then in that of the host that is meant.
  StoredSnapshot find(const std::string& text);

  /// Reads what an archive is. One without an index is named as such.
  std::unique_ptr<archive::ArchiveReader> open(const StoredSnapshot& snapshot);

  /// What there is of an archive that may be damaged. One without an index is named as such.
  restore::Remains open_remains(const StoredSnapshot& snapshot);

  /// The bytes of an archive.
  std::shared_ptr<const RangeReader> object(const StoredSnapshot& snapshot);

  storage::Traffic traffic() const;

 private:
  void tell_without_index(const restore::Snapshot& snapshot, const archive::ArchiveReader& archive);
  StoredSnapshot find_in_directory_of(const std::string& host, const std::string& text);
  storage::Destination& destination_of(const std::string& hostname);
  template <class Action>
  auto patiently(const std::string& hostname, Action action);

  ReadingRun& run_;
  config::ClientConfig config_;
  HostChoice host_;
  std::string own_hostname_;
  std::string hostname_;  ///< Whose archives are meant, if not everybody's.
  std::map<std::string, std::unique_ptr<storage::Destination>> destinations_;  ///< One, or one for each host.
  std::function<void(const std::string&)> on_trouble_;
};

/// Which command reads archives, and whose.
struct ReadingOrder {
  const CommonOptions& common;
  HostChoice host;
  ReadingRun::Output output = ReadingRun::Output::Messages;
};

/// Runs a command that reads archives, tells what becomes of it, and gives the exit code.
int run_on_archives(const ReadingOrder& order, const std::function<void(ArchiveSession&, ReadingRun&)>& work);

}  // namespace osbackup::client
