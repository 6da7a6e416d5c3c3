#include "client/shown_path.hpp"

#include <string_view>

#include "core/encoding.hpp"

namespace osbackup::client {

std::string path_from_root(const std::string& index_path) {
  if (index_path == ".") return "/";
  return index_path.starts_with('/') ? index_path : "/" + index_path;
}

std::string shown_path(const std::string& path) {
  std::string shown;
  std::string_view rest = path;
  for (std::size_t at = rest.find('\\'); at != std::string_view::npos; at = rest.find('\\')) {
    shown += printable(rest.substr(0, at)) + "\\\\";
    rest.remove_prefix(at + 1);
  }
  return shown + printable(rest);
}

}  // namespace osbackup::client
