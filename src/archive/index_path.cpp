#include "archive/index_path.hpp"

#include <algorithm>

#include "core/path_order.hpp"

namespace osbackup::archive {

bool comes_before(std::string_view left, std::string_view right) noexcept {
  const auto comparable = [](std::string_view path) { return path == "." ? std::string_view() : path; };
  return precedes(comparable(left), comparable(right));
}

bool lies_in(std::string_view path, std::string_view directory) noexcept {
  return directory == "." || path == directory || lies_below(path, directory);
}

bool is_index_path(std::string_view path) noexcept {
  if (path == ".") return true;
  if (path.find('\0') != std::string_view::npos) return false;
  while (true) {
    const std::size_t end = path.find('/');
    const std::string_view component = path.substr(0, end);
    if (component.empty() || component == "." || component == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

std::optional<std::string> to_index_path(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::string path;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    if (!name.empty() && name != ".") path.append(path.empty() ? "" : "/").append(name);
    begin = end + 1;
  }
  if (path.empty()) path = ".";
  return is_index_path(path) ? std::optional(std::move(path)) : std::nullopt;
}

}  // namespace osbackup::archive
