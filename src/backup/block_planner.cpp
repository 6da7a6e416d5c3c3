#include "backup/block_planner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "archive/gzip_member.hpp"
#include "archive/tar_writer.hpp"
#include "backup/object_opener.hpp"
#include "backup/sparse_map.hpp"
#include "core/byte_count.hpp"

namespace osbackup::backup {
namespace {

constexpr std::uint64_t kRecord = archive::kTarRecordBytes;
/// A file with more content than fits into a member behind the shortest header fills members of its own.
constexpr std::uint64_t kFirstSliceMax = archive::kMemberContentMax - kRecord;
constexpr std::uint64_t kSliceMax = archive::kMemberContentMax;
constexpr std::size_t kObjectsMax = 2048;
/// A name of the tar header that is not longer needs no pax header.
constexpr std::size_t kShortPath = 100;

/// The longest path that other programs can restore: PATH_MAX with its zero byte.
constexpr std::size_t kUsualPathMax = 4095;

/// A core hashes about 1.4 GB a second: minutes.
constexpr std::uint64_t kHolesThatTakeLong = 256ULL << 30U;

bool has_holes(const struct stat& status) { return status.st_blocks * 512 < status.st_size; }

std::uint64_t stored_bytes_of(const PlannedObject& planned) {
  if (planned.is_link || !S_ISREG(planned.scanned.status.st_mode)) return 0;
  return planned.held ? planned.held->stored_bytes : static_cast<std::uint64_t>(planned.scanned.status.st_size);
}

/// What the entry will take in the tar. Attributes are not known yet; what is too much then begins a member of its own.
std::uint64_t estimated_bytes(const PlannedObject& planned) {
  std::uint64_t names = planned.scanned.path.size();
  if (planned.is_link) names += planned.linked->first_path.size();
  const bool needs_pax = planned.scanned.status.st_mtim.tv_nsec != 0 || names >= kShortPath;
  // Names may have any length: a tree may be deeper than a path of the system's calls.
  const std::uint64_t headers = needs_pax ? 3 * kRecord + names / kRecord * kRecord : kRecord;
  return headers + archive::in_whole_records(stored_bytes_of(planned));
}

bool needs_slices(const PlannedObject& planned) { return stored_bytes_of(planned) > kFirstSliceMax; }

}  // namespace

BlockPlanner::BlockPlanner(const std::string& directory, const PlannerContext& context, PlannerOptions options)
    : context_(context), options_(options), scanner_(directory, context.rules, context.warnings, options.scan) {
  context_.linked_objects.begin_directory();
}

std::optional<Block> BlockPlanner::next() {
  if (ended_) return std::nullopt;
  if (slice_) return next_slice();
  Block block{.directory = options_.directory, .objects = {}, .slice = {}, .ends_directory = false};
  block_bytes_ = 0;
  block_descriptors_ = 0;
  for (;;) {
    if (!waiting_) waiting_ = plan_next();
    if (!waiting_) {
      block.ends_directory = true;
      ended_ = true;
      return block;
    }
    if (needs_slices(*waiting_)) return block.objects.empty() ? next_slice() : std::move(block);
    if (!fits(block, *waiting_)) return block;
    add(block, std::move(*waiting_));
    waiting_.reset();
  }
}

bool BlockPlanner::fits(const Block& block, const PlannedObject& planned) const {
  return block.objects.empty() || (block_bytes_ + estimated_bytes(planned) <= archive::kMemberContentMax &&
                                   block_descriptors_ < options_.descriptors_max && block.objects.size() < kObjectsMax);
}

void BlockPlanner::add(Block& block, PlannedObject planned) {
  block_bytes_ += estimated_bytes(planned);
  const ScannedObject& scanned = planned.scanned;
  const ScannedObject* before = block.objects.empty() ? nullptr : &block.objects.back().scanned;
  if (before == nullptr || (before->parent != scanned.parent && before->self != scanned.parent)) ++block_descriptors_;
  if (scanned.self) ++block_descriptors_;
  if (planned.held) ++block_descriptors_;
  block.objects.push_back(std::move(planned));
}

Block BlockPlanner::next_slice() {
  const std::uint64_t stored = stored_bytes_of(*waiting_);
  Slice slice;
  if (slice_) slice = {.number = slice_->number + 1, .offset = slice_->offset + slice_->length};
  slice.length = std::min(slice.number == 0 ? kFirstSliceMax : kSliceMax, stored - slice.offset);
  slice.is_last = slice.offset + slice.length == stored;
  Block block{.directory = options_.directory, .objects = {}, .slice = slice, .ends_directory = false};
  block.objects.push_back(*waiting_);
  if (slice.is_last) {
    waiting_.reset();
    slice_.reset();
  } else {
    slice_ = slice;
  }
  return block;
}

std::optional<PlannedObject> BlockPlanner::plan_next() {
  while (std::optional<ScannedObject> scanned = scanner_.next()) {
    PlannedObject planned{.scanned = std::move(*scanned), .held = {}, .linked = {}, .is_link = false, .target = {}};
    if (planned.scanned.path.size() > archive::kPathBytesMax) {
      leave_out_long_path(planned.scanned.path);
      continue;
    }
    warn_of_long_path(planned.scanned);
    const struct stat& status = planned.scanned.status;
    if (status.st_nlink > 1 && !S_ISDIR(status.st_mode) && plan_link(planned)) return planned;
    if (S_ISREG(status.st_mode)) {
      if (!plan_file(planned)) continue;
    } else if (status.st_nlink > 1 && S_ISLNK(status.st_mode) && !read_target(planned)) {
      continue;
    }
    if (planned.scanned.status.st_nlink > 1 && !S_ISDIR(status.st_mode)) register_first_name(planned);
    return planned;
  }
  return std::nullopt;
}

bool BlockPlanner::plan_file(PlannedObject& planned) {
  const struct stat& status = planned.scanned.status;
  const bool is_large = static_cast<std::uint64_t>(status.st_size) > kFirstSliceMax;
  if (!is_large && status.st_nlink == 1 && !has_holes(status)) return true;
  return hold(planned);
}

bool BlockPlanner::hold(PlannedObject& planned) {
  OpenedFile opened = open_planned(planned.scanned);
  if (!opened.descriptor) {
    warn_missing(planned.scanned.path, opened.problem);
    return false;
  }
  auto held = std::make_shared<HeldFile>();
  held->descriptor = std::move(opened.descriptor);
  held->status = opened.status;
  planned.scanned.status = opened.status;
  const auto size = static_cast<std::uint64_t>(opened.status.st_size);
  if (size > 0) held->extents = {{.offset = 0, .length = size}};
  if (has_holes(opened.status)) {
    std::vector<archive::Extent> map = sparse_map(held->descriptor, size);
    held->sparse = map != held->extents;
    held->extents = std::move(map);
  }
  for (const archive::Extent& extent : held->extents) held->stored_bytes += extent.length;
  if (size - held->stored_bytes >= kHolesThatTakeLong) warn_of_holes(planned.scanned.path, size - held->stored_bytes);
  planned.held = std::move(held);
  return true;
}

/// Whoever waits for the run, or finds it still at work a week later, should know why.
void BlockPlanner::warn_of_holes(const std::string& path, std::uint64_t bytes) {
  context_.warnings.add({.kind = WarningKind::Note,
                         .path = absolute_path(path),
                         .reason = fmt::format("has holes of {}: they take no room, but the digest of so many zeros "
                                               "takes long; [BackupDirs] exclude leaves the file out",
                                               human_bytes(bytes))});
}

/// Whether the object is a further name of one whose first name is in the archive.
bool BlockPlanner::plan_link(PlannedObject& planned) {
  std::optional<LinkedObject> object = context_.linked_objects.take_name(planned.scanned.status);
  if (!object) return false;
  planned.linked = std::make_shared<const LinkedObject>(std::move(*object));
  planned.is_link = true;
  return true;
}

void BlockPlanner::register_first_name(PlannedObject& planned) {
  planned.linked =
      std::make_shared<const LinkedObject>(context_.linked_objects.add(planned.scanned.status, planned.scanned.path));
}

/// The target is read here because a later name may link to this one, which must then be in the archive.
bool BlockPlanner::read_target(PlannedObject& planned) {
  planned.target = link_target(planned.scanned);
  if (!planned.target) warn_missing(planned.scanned.path, "the link cannot be read: " + last_problem());
  return planned.target.has_value();
}

/// Once for all that lies below: each of those paths would make a line that is longer still.
void BlockPlanner::warn_of_long_path(const ScannedObject& scanned) {
  if (scanned.path.size() <= kUsualPathMax || scanned.path.size() - scanned.name.size() - 1 > kUsualPathMax) return;
  context_.warnings.add(
      {.kind = WarningKind::Note,
       .path = absolute_path(scanned.path),
       .reason = fmt::format("its path is longer than {} bytes: only osbackup can restore it, and what lies "
                             "below",
                             kUsualPathMax)});
}

/// Told of the first alone: there may be millions, and each would make a line of the log that is as long.
void BlockPlanner::leave_out_long_path(const std::string& path) {
  if (std::exchange(left_out_long_path_, true)) return;
  warn_missing(path, fmt::format("left out, as is all in this directory whose path is longer than {} bytes",
                                 archive::kPathBytesMax));
}

void BlockPlanner::warn_missing(const std::string& path, const std::string& reason) {
  context_.warnings.add({.kind = WarningKind::Missing, .path = absolute_path(path), .reason = reason});
}

}  // namespace osbackup::backup
