#include "backup/ordered_scan.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "archive/index_path.hpp"
#include "backup/object_opener.hpp"
#include "core/error.hpp"
#include "system/file.hpp"

namespace osbackup::backup {

using archive::comes_before;
using archive::lies_in;

OrderedScan::OrderedScan(const std::vector<std::string>& directories, const SelectionRules& rules, WarningLog& warnings)
    : rules_(rules), warnings_(warnings) {
  for (const std::string& directory : directories) add(directory);
  std::sort(waiting_.begin(), waiting_.end(),
            [](const Waiting& left, const Waiting& right) { return comes_before(right.first_path, left.first_path); });
}

void OrderedScan::add(const std::string& directory) {
  std::error_code problem;
  const bool is_link = std::filesystem::is_symlink(directory, problem);
  std::string real = is_link ? std::filesystem::canonical(directory, problem).string() : directory;
  // Its scanner says what is wrong with it.
  if (problem) real = directory;
  const std::string path = relative_path(directory);
  Root root{.path = relative_path(real), .place = rules_.exclude.root()};
  if (root.path != ".")
    for (const std::filesystem::path& name : std::filesystem::path(root.path))
      root.place = rules_.exclude.below(root.place, name.native());
  if (rules_.is_wanted(path) || rules_.is_wanted(root.path))
    waiting_.push_back({.directory = directory, .first_path = std::min(path, root.path, comes_before)});
  roots_.push_back(std::move(root));
}

std::optional<ScannedObject> OrderedScan::next() {
  while (std::optional<ScannedObject> object = take_first()) {
    const bool is_new = last_path_.empty() || comes_before(last_path_, object->path);
    const auto holds = [&](const std::string& wanted) { return lies_in(object->path, wanted); };
    if (!is_new || (!rules_.only.empty() && std::none_of(rules_.only.begin(), rules_.only.end(), holds))) continue;
    last_path_ = object->path;
    return object;
  }
  return std::nullopt;
}

std::optional<ScannedObject> OrderedScan::take_first() {
  const auto first = [&] {
    return std::min_element(walks_.begin(), walks_.end(), [](const Walk& left, const Walk& right) {
      return comes_before(left.head.path, right.head.path);
    });
  };
  while (!waiting_.empty() && (walks_.empty() || !comes_before(first()->head.path, waiting_.back().first_path))) {
    const std::string directory = std::move(waiting_.back().directory);
    waiting_.pop_back();
    begin(directory);
  }
  if (walks_.empty()) return std::nullopt;
  const auto walk = first();
  ScannedObject object = std::move(walk->head);
  std::optional<ScannedObject> following = walk->scanner ? walk->scanner->next() : std::nullopt;
  if (following)
    walk->head = std::move(*following);
  else
    walks_.erase(walk);
  return object;
}

void OrderedScan::begin(const std::string& directory) {
  std::unique_ptr<Scanner> scanner;
  try {
    scanner = std::make_unique<Scanner>(directory, rules_, warnings_);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NoSpace) throw;
    if (system::exists(directory))
      warnings_.add({.kind = WarningKind::Missing, .path = directory, .reason = error.what()});
    return;
  }
  // A link comes before or behind the directory that it leads to, and both before what lies in it.
  std::optional<ScannedObject> root = scanner->next();
  if (relative_path(directory) != scanner->root()) {
    std::optional<ScannedObject> link = scanner->next();
    if (root->path != scanner->root()) std::swap(root, link);
    walks_.push_back({.scanner = nullptr, .head = std::move(*link)});
  }
  walks_.push_back({.scanner = std::move(scanner), .head = std::move(*root)});
}

bool OrderedScan::is_excluded(const std::string& path, bool is_directory) const {
  bool lies_in_one = false;
  for (const Root& root : roots_) {
    if (path == root.path) return false;
    if (!lies_in(path, root.path)) continue;
    const std::string_view below = root.path == "." ? path : std::string_view(path).substr(root.path.size() + 1);
    if (!rules_.exclude.matches_below(root.place, below, is_directory)) return false;
    lies_in_one = true;
  }
  return lies_in_one;
}

}  // namespace osbackup::backup
