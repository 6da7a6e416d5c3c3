#include "restore/line_sequence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "archive/index_path.hpp"
#include "core/encoding.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using archive::IndexEntry;
using archive::Placement;

constexpr std::size_t kPathShownMax = 200;

/// The most that the member of nothing but the two zero records at a tar's end takes.
constexpr std::uint64_t kEndMemberBytesMax = 2048;

const std::string kMeaning = "a restore looks for it there, and refuses what it finds instead";

std::string shown(const std::string& path) { return printable(path, kPathShownMax); }

std::uint64_t end_of(const Placement& place) noexcept { return place.member + place.span; }

}  // namespace

LineSequence::LineSequence(const archive::Manifest& manifest, FindingLog& findings)
    : manifest_(manifest),
      findings_(findings),
      tallies_(manifest.directories.size()),
      targets_(manifest.index.summary.lines) {}

void LineSequence::add(const IndexEntry& line) {
  const auto number = static_cast<std::size_t>(line.placement.directory);
  if (directory_ && number < *directory_) {
    report(line, fmt::format("it is said to be in directory {}, and stands behind those of {}", number, *directory_));
    last_path_ = line.entry.path;
    return;
  }
  if (number != directory_) begin_directory(number, line);
  check_place(line);
  if (const std::string problem = lineage_.take(line.entry); problem.empty()) {
    check_order(line);
    check_target(line);
  } else {
    findings_.add({.entry = std::string(archive::kIndexEntry),
                   .path = line.entry.path,
                   .problem = problem,
                   .meaning = "this entry is not restored"});
  }
  count(line);
  ++lines_in_directory_;
  is_behind_gap_ = false;
  last_path_ = line.entry.path;
  last_place_ = line.placement;
}

void LineSequence::skip() {
  is_behind_gap_ = true;
  if (directory_) tallies_[*directory_].is_whole = false;
}

void LineSequence::finish() {
  end_directory();
  if (is_behind_gap_)
    for (std::size_t i = directory_.value_or(0); i < tallies_.size(); ++i) tallies_[i].is_whole = false;
  for (std::size_t i = 0; i < tallies_.size(); ++i)
    if (tallies_[i].is_whole) check_counts(i);
}

void LineSequence::begin_directory(std::size_t number, const IndexEntry& line) {
  end_directory();
  if (is_behind_gap_)
    for (std::size_t i = directory_.value_or(0); i <= number; ++i) tallies_[i].is_whole = false;
  directory_ = number;
  lines_in_directory_ = 0;
  const bool has_link = line.entry.type == EntryType::Symlink || !is_configured_path(line.entry.path);
  had_link_before_ = std::exchange(has_link_, has_link);
  last_place_.reset();
  targets_.clear();
}

/// That nothing is left in the directory behind its last entry but the end of a tar.
void LineSequence::end_directory() {
  if (!directory_ || is_behind_gap_) return;
  const archive::ManifestDirectory& directory = manifest_.directories[*directory_];
  const std::uint64_t left = directory.place.length - (last_place_ ? end_of(*last_place_) : 0);
  if (left > kEndMemberBytesMax)
    findings_.add({.entry = directory.entry,
                   .path = {},
                   .problem = fmt::format("the last {} of its {} bytes are no entry's", left, directory.place.length),
                   .meaning = "what lies there is in no line of the index; `unzip` and `tar` restore it"});
}

bool LineSequence::is_configured_path(const std::string& path) const {
  const std::string& configured = manifest_.directories[*directory_].path;
  return configured == "/" ? path == "." : configured.compare(1, std::string::npos, path) == 0;
}

/// From line to line paths rise, but around a directory that was configured by a link (docs/format.md, "Order").
void LineSequence::check_order(const IndexEntry& line) {
  if (last_path_.empty() || is_behind_gap_ || archive::comes_before(last_path_, line.entry.path)) return;
  // The link and what it leads to come first, then the tree; and behind it comes the next directory.
  const bool may_begin_anew = (has_link_ && lines_in_directory_ <= 2) || (had_link_before_ && lines_in_directory_ == 0);
  if (!may_begin_anew)
    report(line, "in the order of the archive it does not come behind " + shown(last_path_) + ", the line before it");
}

void LineSequence::check_place(const IndexEntry& line) {
  const Placement& place = line.placement;
  const std::uint64_t end = last_place_ ? end_of(*last_place_) : 0;
  const bool is_shared = last_place_ && place.member == last_place_->member;
  if (is_shared && (place.skip <= last_place_->skip || place.span != last_place_->span))
    report(line, fmt::format("its member is that of {}, which begins at {} of it and takes {} bytes; it says {} and {}",
                             shown(last_path_), last_place_->skip, last_place_->span, place.skip, place.span));
  else if (const std::string problem = room_.take(line); !problem.empty())
    report(line, problem);
  else if (!is_shared && is_behind_gap_ && place.member < end)
    report(line, fmt::format("its members begin at byte {}, inside of those that end at {}", place.member, end));
  else if (!is_shared && !is_behind_gap_ && (place.member != end || place.skip != 0))
    report(line, fmt::format("it begins {} bytes into the member at byte {}, and those before it end at {}", place.skip,
                             place.member, end));
}

void LineSequence::check_target(const IndexEntry& line) {
  if (line.entry.type == EntryType::Directory) return;
  if (line.entry.type != EntryType::Hardlink)
    targets_.add(line);
  else if (tallies_[*directory_].is_whole && !targets_.may_have_target_of(line))
    findings_.add({.entry = std::string(archive::kIndexEntry),
                   .path = line.entry.path,
                   .problem = "it links to " + shown(line.entry.target) +
                              ", and before it there is none of this path, size and digest in its directory",
                   .meaning = "this link is not restored"});
}

void LineSequence::count(const IndexEntry& line) {
  Tally& tally = tallies_[*directory_];
  if (line.entry.type == EntryType::File) {
    ++tally.files;
    tally.content_bytes += std::min(line.entry.size, std::numeric_limits<std::uint64_t>::max() - tally.content_bytes);
  } else {
    ++(line.entry.type == EntryType::Directory ? tally.directories : tally.others);
  }
}

void LineSequence::check_counts(std::size_t number) {
  const Tally& tally = tallies_[number];
  const archive::ManifestDirectory& directory = manifest_.directories[number];
  const auto compare = [&](const char* key, std::uint64_t said, std::uint64_t counted) {
    if (said == counted) return;
    findings_.add({.entry = std::string(archive::kManifestEntry),
                   .path = {},
                   .problem = fmt::format("it says {} {} for {}, and the index comes to {}", key, said,
                                          printable(directory.entry), counted),
                   .meaning = "what is in the index can be restored"});
  };
  compare("files", directory.files, tally.files);
  compare("directories", directory.directories, tally.directories);
  compare("others", directory.others, tally.others);
  compare("content_bytes", directory.content_bytes, tally.content_bytes);
}

void LineSequence::report(const IndexEntry& line, const std::string& problem) {
  findings_.add(
      {.entry = std::string(archive::kIndexEntry), .path = line.entry.path, .problem = problem, .meaning = kMeaning});
}

}  // namespace osbackup::restore
