#include "restore/selection.hpp"

#include <algorithm>

#include "archive/index_path.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::restore {

bool Selection::matches(std::string_view path, bool is_directory) const {
  const auto holds = [&](const std::string& selected) { return archive::lies_in(path, selected); };
  if (!paths.empty() && std::none_of(paths.begin(), paths.end(), holds)) return false;
  if (!include.empty() && !include.matches(path, is_directory)) return false;
  return exclude.empty() || !exclude.matches(path, is_directory);
}

std::string index_path_of(std::string_view text) {
  std::optional<std::string> path = archive::to_index_path(text);
  if (!path)
    throw Error(ErrorKind::Usage,
                "\"" + printable(text) + "\" is no path in an archive: write it as /etc/passwd, without ..");
  return *std::move(path);
}

std::vector<std::string> outermost_paths(std::vector<std::string> paths) {
  std::sort(paths.begin(), paths.end(),
            [](const std::string& left, const std::string& right) { return archive::comes_before(left, right); });
  const auto is_inside = [](const std::string& outer, const std::string& path) {
    return archive::lies_in(path, outer);
  };
  paths.erase(std::unique(paths.begin(), paths.end(), is_inside), paths.end());
  return paths;
}

}  // namespace osbackup::restore
