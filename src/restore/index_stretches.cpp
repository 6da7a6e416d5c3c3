#include "restore/index_stretches.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"

namespace osbackup::restore {
namespace {

constexpr std::size_t kLinesMax = 16'384;
constexpr std::size_t kNameBytesMax = 16U << 20U;

}  // namespace

IndexStretches::IndexStretches(archive::ArchiveReader& archive, std::uint64_t stretch_bytes)
    : manifest_(*archive.manifest()), stretch_bytes_(stretch_bytes), lines_(archive, {"."}) {
  read_line();
}

std::optional<Stretch> IndexStretches::next(std::size_t directory) {
  if (directory != directory_) {
    directory_ = directory;
    position_ = 0;
  }
  Stretch stretch{.begin = position_, .end = position_, .lines = {}, .knows_lines = !has_gap_};
  std::size_t name_bytes = 0;
  std::optional<std::uint64_t> last_member;
  while (line_ && line_->placement.directory <= directory) {
    const bool is_full = stretch.end - stretch.begin >= stretch_bytes_ || stretch.lines.size() >= kLinesMax ||
                         name_bytes >= kNameBytesMax;
    if (is_full && line_->placement.member >= stretch.end) break;
    if (std::exchange(has_gap_, false)) stretch.knows_lines = false;
    // What is said to lie in a directory before this one, or inside of the members before it, was found with the
    // structure, as was what leaves no room for names.
    const bool may_be = line_->placement.directory == directory &&
                        (line_->placement.member >= stretch.end || line_->placement.member == last_member);
    if (may_be && room_.take(*line_).empty()) {
      last_member = line_->placement.member;
      name_bytes += archive::name_bytes(line_->entry);
      stretch.end = std::max(stretch.end, line_->placement.member + line_->placement.span);
      stretch.lines.push_back(std::move(*line_));
    }
    read_line();
  }
  if (stretch.lines.empty()) {
    stretch.end = manifest_.directories[directory].place.length;
    if (stretch.begin == stretch.end) return std::nullopt;
  }
  position_ = stretch.end;
  return stretch;
}

void IndexStretches::read_line() {
  line_.reset();
  while (true) {
    try {
      if (std::optional<LinesAhead::Line> line = lines_.next()) line_ = std::move(line->entry);
      return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      has_gap_ = true;  // The block was found with the structure.
    }
  }
}

}  // namespace osbackup::restore
