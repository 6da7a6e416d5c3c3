#include "restore/path_search.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <tuple>

#include "archive/index_path.hpp"

namespace osbackup::restore {
namespace {

/// A path's directory and its last name.
struct SplitPath {
  std::string_view directory;  ///< Empty is the root.
  std::string_view name;
};

SplitPath split(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {.directory = "", .name = path};
  return {.directory = path.substr(0, slash), .name = path.substr(slash + 1)};
}

timespec to_timespec(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = seconds.time_since_epoch().count(), .tv_nsec = (time - seconds).count()};
}

bool is_before(const timespec& time, TimePoint limit) {
  const timespec other = to_timespec(limit);
  return std::tie(time.tv_sec, time.tv_nsec) < std::tie(other.tv_sec, other.tv_nsec);
}

}  // namespace

PathSearch::PathSearch(SearchOrder order)
    : order_(std::move(order)), pattern_({PathPattern(order_.pattern)}), place_(pattern_.root()) {}

ListingOrder PathSearch::listing() const {
  constexpr std::string_view kWildcards = "*?[\\";
  if (!order_.pattern.starts_with('/')) return {.path = ".", .with_below = true, .on_trouble = {}};
  std::string_view literal = order_.pattern;
  const std::size_t wildcard = literal.find_first_of(kWildcards);
  const bool is_all = wildcard == std::string_view::npos;
  if (!is_all) literal = literal.substr(0, literal.rfind('/', wildcard));
  // What stands before a wildcard has no `..`, or it would be no pattern.
  return {.path = archive::to_index_path(literal).value_or("."), .with_below = !is_all, .on_trouble = {}};
}

bool PathSearch::matches(const archive::Entry& entry) {
  if (order_.newer && is_before(entry.mtime, *order_.newer)) return false;
  if (order_.older && !is_before(entry.mtime, *order_.older)) return false;
  return has_matching_path(entry);
}

bool PathSearch::has_matching_path(const archive::Entry& entry) {
  if (entry.path == ".") return false;  // The root has no name.
  const SplitPath path = split(entry.path);
  if (path.directory != directory_) {
    directory_ = path.directory;
    place_ = pattern_.root();
    for (std::string_view rest = directory_; !rest.empty();) {
      const std::string_view name = rest.substr(0, rest.find('/'));
      place_ = pattern_.below(place_, name);
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    }
  }
  const PatternMatch match = pattern_.match(place_, path.name);
  return match == PatternMatch::Any ||
         (match == PatternMatch::Directory && entry.type == archive::EntryType::Directory);
}

}  // namespace osbackup::restore
