#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/entry.hpp"
#include "archive/entry_source.hpp"
#include "backup/metadata_reader.hpp"
#include "backup/ordered_scan.hpp"
#include "backup/scanner.hpp"
#include "backup/warning_log.hpp"
#include "crypto/digest.hpp"
#include "system/owner_names.hpp"

namespace osbackup::backup {

/// What is on the host's disks now, as an archive of these directories would describe it, for a comparison with one.
///
/// Objects come in the order of archives, each path once. The rules are those of a backup; where `only` names paths,
/// nothing else comes. Each name of an object with several is what it is, never a hard link. A file's content is read
/// when it is asked for. Nothing is placed. What cannot be looked at or read goes to the warnings, as in a backup.
/// One thread at a time.
class LiveEntries final : public archive::EntrySource {
 public:
  /// `directories` are normalised absolute paths; one that is not there has nothing. Rules and warnings outlive it.
  LiveEntries(const std::vector<std::string>& directories, const SelectionRules& rules, WarningLog& warnings,
              std::stop_token stop);

  /// Cancelled when `stop` was requested, NoSpace as Scanner says.
  std::optional<archive::IndexEntry> next() override;

  /// The digest of the content of the file that came last; nothing, and a warning, when it cannot be read.
  std::optional<crypto::Sha256Digest> digest();

  /// Whether the inode flags of what came last could be read.
  bool knows_flags() const noexcept { return knows_flags_; }

  /// Whether an object of an archive that did not come may still be there: excluded, on a file system that is not
  /// entered, or where this user may not look. Not when it is gone, is a socket now, or lies below what is no directory
  /// any more.
  bool is_passed_over(const archive::Entry& entry);

 private:
  std::optional<archive::IndexEntry> describe();
  bool describe_file(archive::Entry& entry);
  bool may_be_there(const std::string& path);
  void warn(const std::string& reason);

  const SelectionRules& rules_;
  WarningLog& warnings_;
  std::stop_token stop_;
  OrderedScan scan_;
  system::OwnerNames owners_;
  MetadataReader metadata_;
  ScannedObject current_;  ///< What came last.
  bool knows_flags_ = true;
  std::string absent_;  ///< Where something was last found to be missing.
};

}  // namespace osbackup::backup
