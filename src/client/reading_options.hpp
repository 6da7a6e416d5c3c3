#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/path_pattern.hpp"
#include "crypto/digest.hpp"
#include "restore/sink_options.hpp"

namespace osbackup::client {

/// Whose archives are meant.
struct HostChoice {
  std::optional<std::string> name;  ///< Nothing: this host's.
  bool all = false;
};

/// What `snapshots` is asked.
struct SnapshotsOptions {
  HostChoice host;
};

/// What `ls` is asked.
struct LsOptions {
  HostChoice host;
  std::string snapshot;
  std::string path = ".";         ///< As the index has it.
  bool is_long = false;           ///< With mode, owner, size and time.
  std::optional<unsigned> depth;  ///< How far below the path; nothing: to the end.
};

/// What `find` is asked.
struct FindOptions {
  HostChoice host;
  std::string pattern;
  std::optional<TimePoint> newer;
  std::optional<TimePoint> older;
  bool is_long = false;
};

/// What `dump` is asked.
struct DumpOptions {
  HostChoice host;
  std::string snapshot;
  std::string path;  ///< As the index has it.
};

/// What `diff` is asked.
struct DiffOptions {
  HostChoice host;
  std::string before;                ///< A snapshot.
  std::optional<std::string> after;  ///< Another; nothing when it is compared with the live system.
  bool is_live = false;
  std::vector<std::string> paths;  ///< As the index has them; empty: everything.
  bool reads_all = false;          ///< Of the live system, also files whose size and time are the archive's.
};

/// What `restore` is asked.
struct RestoreOptions {
  HostChoice host;
  std::string snapshot;
  std::vector<std::string> paths;  ///< As the index has them; empty: everything.
  std::filesystem::path target;
  std::vector<PathPattern> include;
  std::vector<PathPattern> exclude;
  restore::Overwrite overwrite = restore::Overwrite::Always;
  bool is_dry_run = false;
  bool keep_going = false;
  std::optional<crypto::Sha256Digest> manifest_sha256;  ///< That is expected.
};

/// What `check` is asked.
struct CheckOptions {
  HostChoice host;
  std::optional<std::string> snapshot;                  ///< Nothing: all of the host's.
  double read_percent = 0;                              ///< Of the content: 0 for none, 100 for all of it.
  std::optional<crypto::Sha256Digest> manifest_sha256;  ///< That is expected.
};

}  // namespace osbackup::client
