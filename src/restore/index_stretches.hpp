#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "archive/archive_reader.hpp"
#include "restore/lines_ahead.hpp"
#include "restore/member_room.hpp"

namespace osbackup::restore {

/// Neighbouring gzip members of one directory, and the lines of the index that point to them, in order.
struct Stretch {
  std::uint64_t begin = 0;  ///< In the directory.
  std::uint64_t end = 0;
  std::vector<archive::IndexEntry> lines;
  bool knows_lines = true;  ///< Whether no line is missing because its block is damaged.
};

/// Cuts the directories of an archive into stretches, as its index says what lies where. Holds some thousand lines, or
/// as many as have 16 MiB of names. One thread at a time.
class IndexStretches {
 public:
  /// A stretch takes about so many bytes, or more when an object does. The archive outlives it.
  IndexStretches(archive::ArchiveReader& archive, std::uint64_t stretch_bytes);

  /// The next stretch of this directory, which is that of the call before or the one behind it. They follow each other
  /// without gaps; what lies behind the last line is one without lines. Nothing at the end of the directory.
  std::optional<Stretch> next(std::size_t directory);

 private:
  void read_line();

  const archive::Manifest& manifest_;
  std::uint64_t stretch_bytes_;
  LinesAhead lines_;
  MemberRoom room_;
  std::optional<archive::IndexEntry> line_;  ///< The next one.
  bool has_gap_ = false;                     ///< Whether lines are missing before it.
  std::size_t directory_ = 0;
  std::uint64_t position_ = 0;  ///< In the directory.
};

}  // namespace osbackup::restore
