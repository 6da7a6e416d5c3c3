#include "restore/span_planner.hpp"

#include <algorithm>
#include <utility>

#include "archive/index_path.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using archive::IndexEntry;

/// Of the names of hard links to content that is not selected that are kept in mind; what comes then is restored once
/// for each.
constexpr std::size_t kStandInBytesMax = 32U << 20U;
/// What each costs besides.
constexpr std::size_t kStandInOverheadBytes = 160;

/// The selected paths; all without any.
std::vector<std::string> paths_of(const Selection& selection) {
  return selection.paths.empty() ? std::vector<std::string>{"."} : outermost_paths(selection.paths);
}

bool begin_together(const PlannedObject& left, const PlannedObject& right) {
  const archive::Placement& a = left.line.placement;
  const archive::Placement& b = right.line.placement;
  return a.directory == b.directory && a.member == b.member && a.skip < b.skip;
}

}  // namespace

SpanPlanner::SpanPlanner(archive::ArchiveReader& archive, const ExtractionOrder& order, ObjectSink& sink,
                         TroubleLog& troubles)
    : archive_(archive),
      order_(order),
      sink_(sink),
      troubles_(troubles),
      paths_(paths_of(order.selection)),
      is_found_(paths_.size()),
      lines_(archive, paths_),
      overlap_bytes_left_(archive.bytes()->size()) {}

std::optional<PlannedSpan> SpanPlanner::next() {
  std::optional<PlannedSpan> span;
  while (true) {
    std::optional<PlannedObject> object = std::exchange(waiting_, std::nullopt);
    if (!object) {
      std::optional<IndexEntry> line = next_line();
      if (!line) return span;
      object = plan(std::move(*line));
      if (!object) continue;
    }
    const archive::ZipPlace place = archive_.span_of(object->line);
    if (!span || !begin_together(span->objects.back(), *object)) {
      if (span) {
        waiting_ = std::move(object);
        return span;
      }
      // What a link stands in for lies anywhere before it.
      const bool stands_in = object->path_in_tar != object->line.entry.path;
      if (!stands_in && !may_overlap(place)) {
        tell_damage(object->line, "the index says that it lies inside of what comes ahead of it");
        continue;
      }
      span.emplace().place = place;
    }
    span->place.length = std::max(span->place.length, place.length);
    span->objects.push_back(std::move(*object));
  }
}

/// Whether what begins here may be read. Spans do not overlap; if they do, their digests say which are right, but
/// nobody has the same bytes read for each of a million.
bool SpanPlanner::may_overlap(archive::ZipPlace place) {
  const std::uint64_t end = place.offset + place.length;
  const std::uint64_t overlap = std::min(read_end_, end) - std::min(read_end_, place.offset);
  if (overlap > overlap_bytes_left_) return false;
  overlap_bytes_left_ -= overlap;
  read_end_ = std::max(read_end_, end);
  return true;
}

/// Or ends with it.
void SpanPlanner::tell_damage(const IndexEntry& line, const std::string& problem) {
  const Error error(ErrorKind::Corrupt, problem);
  if (!order_.keep_going) throw error.within(printable(line.entry.path));
  troubles_.add({.kind = Trouble::Kind::Damaged, .path = line.entry.path, .reason = error.what()});
}

std::optional<IndexEntry> SpanPlanner::next_line() {
  while (true) {
    // Millions of lines may not be wanted.
    if (order_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
    std::optional<LinesAhead::Line> line;
    try {
      line = lines_.next();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt || !order_.keep_going) throw;
      troubles_.add({.kind = Trouble::Kind::Damaged, .path = "", .reason = error.what()});
      continue;
    }
    if (!line) {
      if (!std::exchange(has_ended_, true)) name_missing_paths();
      return std::nullopt;
    }
    const std::string problem = misplacement(line->entry);
    if (!problem.empty()) {
      tell_damage(line->entry, problem);
      continue;
    }
    const archive::Placement& place = line->entry.placement;
    position_ = {place.directory, place.member, place.skip};
    has_position_ = true;
    is_found_[line->path] = true;
    if (can_be(line->entry.entry)) return std::move(line->entry);
  }
}

/// Why a line cannot come behind the one before it; empty when it can.
std::string SpanPlanner::misplacement(const IndexEntry& line) {
  const archive::Placement& place = line.placement;
  if (has_position_ && std::tuple(place.directory, place.member, place.skip) <= position_)
    return "the index says that it lies before what comes ahead of it";
  return room_.take(line);
}

/// By the entries before it; what may not be is named. Many threads restore, and which of two that contradict each
/// other came first would be chance.
bool SpanPlanner::can_be(const archive::Entry& entry) {
  std::string problem = lineage_.take(entry);
  if (problem.empty() && entry.type == EntryType::Hardlink && !archive::comes_before(entry.target, entry.path))
    problem = "it is a hard link to " + printable(entry.target) + ", which does not come before it";
  if (!problem.empty() && order_.selection.matches(entry.path, entry.type == EntryType::Directory))
    troubles_.add({.kind = Trouble::Kind::Refused, .path = entry.path, .reason = problem});
  return problem.empty();
}

std::optional<PlannedObject> SpanPlanner::plan(IndexEntry line) {
  if (!order_.selection.matches(line.entry.path, line.entry.type == EntryType::Directory)) return std::nullopt;
  if (line.entry.type == EntryType::Hardlink && !order_.selection.matches(line.entry.target, false))
    return plan_link(std::move(line));
  if (!sink_.wants(line.entry)) return std::nullopt;
  std::string path = line.entry.path;
  return PlannedObject{.line = std::move(line), .path_in_tar = std::move(path)};
}

/// The content that a selected link stands for is not selected: the link stands in for it.
std::optional<PlannedObject> SpanPlanner::plan_link(IndexEntry line) {
  const std::string content_path = line.entry.target;
  if (const auto stand_in = stand_ins_.find(content_path); stand_in != stand_ins_.end()) {
    std::string path = line.entry.path;
    line.entry.target = stand_in->second;
    if (!sink_.wants(line.entry)) return std::nullopt;
    return PlannedObject{.line = std::move(line), .path_in_tar = std::move(path)};
  }
  std::optional<IndexEntry> content;
  try {
    content = archive_.find(content_path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt || !order_.keep_going) throw;
    troubles_.add({.kind = Trouble::Kind::Damaged, .path = line.entry.path, .reason = error.what()});
    return std::nullopt;
  }
  if (!content || content->entry.type == EntryType::Hardlink || content->entry.type == EntryType::Directory) {
    troubles_.add({.kind = Trouble::Kind::Damaged,
                   .path = line.entry.path,
                   .reason = "it is a hard link to " + printable(content_path) + ", which is not in the index"});
    return std::nullopt;
  }
  content->entry.path = line.entry.path;
  stand_in_bytes_ += content_path.size() + line.entry.path.size() + kStandInOverheadBytes;
  if (stand_in_bytes_ < kStandInBytesMax) stand_ins_.emplace(content_path, line.entry.path);
  if (!sink_.wants(content->entry)) return std::nullopt;
  return PlannedObject{.line = std::move(*content), .path_in_tar = content_path};
}

void SpanPlanner::name_missing_paths() {
  for (std::size_t i = 0; i < paths_.size(); ++i)
    if (!is_found_[i] && !order_.selection.paths.empty())
      troubles_.add({.kind = Trouble::Kind::Failed, .path = paths_[i], .reason = "it is not in the archive"});
}

}  // namespace osbackup::restore
