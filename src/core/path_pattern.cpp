#include "core/path_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup {
namespace {

/// Cuts off what stands before the next slash, and the slash.
std::string_view take_name(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view name = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return name;
}

}  // namespace

PathPattern::PathPattern(std::string_view text) {
  const auto refuse = [&](std::string_view problem) {
    throw Error(ErrorKind::Usage, fmt::format("the pattern {}: {}", printable(text, 200), problem));
  };
  if (text.size() > kBytesMax) refuse(fmt::format("expected at most {} bytes", kBytesMax));
  std::string_view rest = text;
  if (!rest.starts_with('/')) steps_.emplace_back(std::nullopt);
  bool names_something = false;
  try {
    while (!rest.empty()) {
      const std::string_view component = take_name(rest);
      // Slashes in a row are one.
      if (component.empty()) continue;
      add(component);
      names_something = true;
    }
  } catch (const Error& error) {
    refuse(error.what());
  }
  if (!names_something) refuse("expected a name or a path, such as *.tmp or /var/cache");
  directories_only_ = text.ends_with('/');
}

void PathPattern::add(std::string_view component) {
  if (component == "." || component == "..") throw Error(ErrorKind::Usage, "expected names other than . and ..");
  if (component != "**") {
    if (component.find("**") != std::string_view::npos)
      throw Error(ErrorKind::Usage, "expected ** alone between slashes, such as /var/**/*.log");
    steps_.emplace_back(NamePattern(component));
  } else if (steps_.empty() || steps_.back()) {
    steps_.emplace_back(std::nullopt);
  }
}

PathPatterns::PathPatterns(const std::vector<PathPattern>& patterns) {
  std::vector<std::uint32_t> first;
  for (const PathPattern& pattern : patterns) {
    const auto begin = static_cast<std::uint32_t>(steps_.size());
    for (const PathPattern::Step& step : pattern.steps_) steps_.push_back({.name = step});
    steps_.back().is_last = true;
    steps_.back().directories_only = pattern.directories_only_;
    add(first, begin);
  }
  root_ = place_of(std::move(first));
}

/// `**` may also stand for no name at all: what comes after it may match next, too.
void PathPatterns::add(std::vector<std::uint32_t>& place, std::uint32_t step) const {
  place.push_back(step);
  if (!steps_[step].name && !steps_[step].is_last) place.push_back(step + 1);
}

PathPatterns::Place PathPatterns::place_of(std::vector<std::uint32_t> steps) {
  Place place;
  if (!steps.empty()) place.steps_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(steps));
  return place;
}

PathPatterns::Place PathPatterns::below(const Place& directory, std::string_view name) const {
  if (!directory.steps_) return {};
  std::vector<std::uint32_t> next;
  for (const std::uint32_t index : *directory.steps_) {
    const Step& step = steps_[index];
    if (!step.name)
      add(next, index);
    else if (!step.is_last && step.name->matches(name))
      add(next, index + 1);
  }
  std::sort(next.begin(), next.end());
  next.erase(std::unique(next.begin(), next.end()), next.end());
  // Most directories are their parent's like: they share one list.
  return next == *directory.steps_ ? directory : place_of(std::move(next));
}

PatternMatch PathPatterns::match(const Place& directory, std::string_view name) const noexcept {
  PatternMatch best = PatternMatch::None;
  if (!directory.steps_) return best;
  for (const std::uint32_t index : *directory.steps_) {
    const Step& step = steps_[index];
    if (!step.is_last || (step.name && !step.name->matches(name))) continue;
    if (!step.directories_only) return PatternMatch::Any;
    best = PatternMatch::Directory;
  }
  return best;
}

bool PathPatterns::matches_below(const Place& directory, std::string_view path, bool is_directory) const {
  Place place = directory;
  while (!path.empty()) {
    const std::string_view name = take_name(path);
    if (name.empty()) continue;
    const PatternMatch found = match(place, name);
    if (found == PatternMatch::Any || (found == PatternMatch::Directory && (is_directory || !path.empty())))
      return true;
    place = below(place, name);
  }
  return false;
}

}  // namespace osbackup
