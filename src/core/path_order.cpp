#include "core/path_order.hpp"

#include <algorithm>

namespace osbackup {

bool precedes(std::string_view left, std::string_view right) noexcept {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [&](char a, char b) { return rank(a) < rank(b); });
}

bool lies_below(std::string_view path, std::string_view directory) noexcept {
  if (directory == "/") return path.size() > 1 && path.front() == '/';
  return path.size() > directory.size() + 1 && path.starts_with(directory) && path[directory.size()] == '/';
}

}  // namespace osbackup
