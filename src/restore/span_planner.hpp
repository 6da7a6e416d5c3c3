#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "archive/archive_reader.hpp"
#include "restore/extraction.hpp"
#include "restore/lines_ahead.hpp"
#include "restore/member_room.hpp"
#include "restore/path_lineage.hpp"

namespace osbackup::restore {

/// An object that is wanted.
struct PlannedObject {
  /// Its line in the index. Path, type and target are what becomes of it: a hard link whose content is not selected is
  /// a file.
  archive::IndexEntry line;
  std::string path_in_tar;
};

/// Neighbouring gzip members, and the objects in them that are wanted.
struct PlannedSpan {
  archive::ZipPlace place;             ///< In the archive.
  std::vector<PlannedObject> objects;  ///< They begin in its first member, in this order.
};

/// Goes through the index, and finds what is to be read for a selection, in the archive's order. One thread at a time.
class SpanPlanner {
 public:
  /// What is referred to outlives it.
  SpanPlanner(archive::ArchiveReader& archive, const ExtractionOrder& order, ObjectSink& sink, TroubleLog& troubles);

  /// The next span; nothing at the end. A damaged block of the index is Corrupt, or with `keep_going` in the log.
  std::optional<PlannedSpan> next();

 private:
  std::optional<archive::IndexEntry> next_line();
  std::string misplacement(const archive::IndexEntry& line);
  bool can_be(const archive::Entry& entry);
  bool may_overlap(archive::ZipPlace place);
  void tell_damage(const archive::IndexEntry& line, const std::string& problem);
  std::optional<PlannedObject> plan(archive::IndexEntry line);
  std::optional<PlannedObject> plan_link(archive::IndexEntry line);
  void name_missing_paths();

  archive::ArchiveReader& archive_;
  const ExtractionOrder& order_;
  ObjectSink& sink_;
  TroubleLog& troubles_;
  std::vector<std::string> paths_;  ///< Of the selection, in the archive's order, none below another.
  std::vector<bool> is_found_;      ///< Of these, in the index.
  LinesAhead lines_;
  std::tuple<std::uint64_t, std::uint64_t, std::uint64_t> position_;  ///< Directory, member and skip of the last line.
  bool has_position_ = false;
  MemberRoom room_;
  PathLineage lineage_;
  std::uint64_t read_end_ = 0;        ///< Where what is planned to be read ends.
  std::uint64_t overlap_bytes_left_;  ///< That may be planned to be read a second time.
  bool has_ended_ = false;
  std::optional<PlannedObject> waiting_;  ///< Which does not belong to the span before it.
  /// The names under which content that is not selected itself is restored, by its path in the archive.
  std::unordered_map<std::string, std::string> stand_ins_;
  std::size_t stand_in_bytes_ = 0;
};

}  // namespace osbackup::restore
