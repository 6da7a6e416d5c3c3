#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/index_entry.hpp"
#include "archive/manifest.hpp"
#include "restore/finding.hpp"
#include "restore/link_targets.hpp"
#include "restore/member_room.hpp"
#include "restore/path_lineage.hpp"

namespace osbackup::restore {

/// Checks the lines of an index, each of which is good by itself, against each other and against the manifest: their
/// order, that the members they point to follow one another and fill their directory, that what a hard link links to
/// stands before it, and how many there are. Its memory does not grow with them. One thread at a time.
class LineSequence {
 public:
  /// Both outlive it.
  LineSequence(const archive::Manifest& manifest, FindingLog& findings);

  /// The next line of the archive.
  void add(const archive::IndexEntry& line);

  /// Lines are missing here: what follows is not compared with what came before, nor counted.
  void skip();

  /// There are no more lines.
  void finish();

 private:
  /// What the lines of one directory come to.
  struct Tally {
    std::uint64_t files = 0;
    std::uint64_t directories = 0;
    std::uint64_t others = 0;
    std::uint64_t content_bytes = 0;
    bool is_whole = true;  ///< Whether no line of it was skipped.
  };

  void begin_directory(std::size_t number, const archive::IndexEntry& line);
  void end_directory();
  void check_order(const archive::IndexEntry& line);
  void check_place(const archive::IndexEntry& line);
  void check_target(const archive::IndexEntry& line);
  void count(const archive::IndexEntry& line);
  void check_counts(std::size_t number);
  bool is_configured_path(const std::string& path) const;
  void report(const archive::IndexEntry& line, const std::string& problem);

  const archive::Manifest& manifest_;
  FindingLog& findings_;
  std::vector<Tally> tallies_;
  LinkTargets targets_;
  std::optional<std::size_t> directory_;  ///< Of the last line.
  std::uint64_t lines_in_directory_ = 0;
  bool has_link_ = false;         ///< Whether the directory was configured by a link to it.
  bool had_link_before_ = false;  ///< Whether the one before was.
  bool is_behind_gap_ = false;    ///< Whether lines are missing between the last and the next.
  PathLineage lineage_;
  std::string last_path_;
  MemberRoom room_;
  std::optional<archive::Placement> last_place_;  ///< In this directory.
};

}  // namespace osbackup::restore
