#include "restore/diff.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "archive/index_path.hpp"
#include "core/error.hpp"

namespace osbackup::restore {
namespace {

using archive::comes_before;
using archive::IndexEntry;

/// The strongest of what differs.
Change::Kind kind_of(const std::vector<ChangedField>& fields) {
  switch (fields.front()) {
    case ChangedField::Type:
      return Change::Kind::Type;
    case ChangedField::Content:
    case ChangedField::Size:
    case ChangedField::Target:
    case ChangedField::Device:
      return Change::Kind::Content;
    default:
      return Change::Kind::Metadata;
  }
}

bool is_same_moment(const timespec& left, const timespec& right) {
  return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

}  // namespace

char letter_of(Change::Kind kind) noexcept {
  switch (kind) {
    case Change::Kind::Added:
      return '+';
    case Change::Kind::Removed:
      return '-';
    case Change::Kind::Content:
      return 'M';
    case Change::Kind::Metadata:
      return 'U';
    case Change::Kind::Type:
      return 'T';
  }
  return ' ';
}

IndexEntry Diff::Cursor::take() {
  IndexEntry taken = std::move(*entry_);
  entry_ = source_.next();
  while (entry_ && entry_->entry.path == taken.entry.path) entry_ = source_.next();
  assert(!entry_ || comes_before(taken.entry.path, entry_->entry.path));
  return taken;
}

Diff::Diff(DiffSide before, DiffSide after, Options options)
    : before_(before.entries),
      after_(after.entries),
      options_(std::move(options)),
      have_indexes_(before.has_index && after.has_index),
      seen_(options_.paths.size()) {}

std::optional<Change> Diff::next() {
  while (before_.entry() != nullptr || after_.entry() != nullptr) {
    if (options_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the comparison was stopped");
    std::optional<Change> change = step();
    if (!change) continue;
    count(change->kind);
    return change;
  }
  return std::nullopt;
}

/// Deals with the path that comes next.
std::optional<Change> Diff::step() {
  const IndexEntry* before = before_.entry();
  const IndexEntry* after = after_.entry();
  if (before == nullptr || (after != nullptr && comes_before(after->entry.path, before->entry.path))) {
    note_path(after->entry.path);
    return Change{.kind = Change::Kind::Added, .entry = after_.take().entry, .fields = {}};
  }
  note_path(before->entry.path);
  if (options_.progress != nullptr) ++options_.progress->objects;
  const bool is_in_both = after != nullptr && after->entry.path == before->entry.path;
  return is_in_both ? take_both() : take_removed();
}

std::optional<Change> Diff::take_removed() {
  archive::Entry entry = before_.take().entry;
  if (options_.live && options_.live->is_passed_over(entry)) {
    ++counts_.passed_over;
    return std::nullopt;
  }
  return Change{.kind = Change::Kind::Removed, .entry = std::move(entry), .fields = {}};
}

std::optional<Change> Diff::take_both() {
  const bool knows_live_flags = !options_.live || options_.live->knows_flags();
  std::vector<ChangedField> fields =
      compare(*before_.entry(), *after_.entry(),
              {.content_differs = [this](const IndexEntry& before,
                                         const IndexEntry& after) { return content_differs(before, after); },
               .knows_flags = have_indexes_ && knows_live_flags,
               .may_lack_nanoseconds = !have_indexes_});
  before_.take();
  archive::Entry entry = after_.take().entry;
  if (fields.empty()) {
    ++counts_.unchanged;
    return std::nullopt;
  }
  const Change::Kind kind = kind_of(fields);
  return Change{.kind = kind, .entry = std::move(entry), .fields = std::move(fields)};
}

bool Diff::content_differs(const IndexEntry& before, const IndexEntry& after) {
  if (after.digest || !options_.live) return before.digest != after.digest;
  // What changed while it was read has the time of neither state.
  const bool is_taken_as_same =
      !options_.live->reads_all && !before.changed && is_same_moment(before.entry.mtime, after.entry.mtime);
  if (is_taken_as_same) return false;
  const std::optional<crypto::Sha256Digest> digest = options_.live->digest();
  if (digest) return digest != before.digest;
  ++counts_.unread;
  return false;
}

void Diff::count(Change::Kind kind) noexcept {
  switch (kind) {
    case Change::Kind::Added:
      ++counts_.added;
      break;
    case Change::Kind::Removed:
      ++counts_.removed;
      break;
    case Change::Kind::Content:
      ++counts_.content;
      break;
    case Change::Kind::Metadata:
      ++counts_.metadata;
      break;
    case Change::Kind::Type:
      ++counts_.type;
      break;
  }
}

/// Paths come in the order of those that were asked for.
void Diff::note_path(const std::string& path) {
  const std::vector<std::string>& paths = options_.paths;
  while (at_path_ < paths.size() && !archive::lies_in(path, paths[at_path_])) ++at_path_;
  if (at_path_ < paths.size()) seen_[at_path_] = true;
}

std::vector<std::string> Diff::missing_paths() const {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < seen_.size(); ++i)
    if (!seen_[i]) missing.push_back(options_.paths[i]);
  return missing;
}

}  // namespace osbackup::restore
