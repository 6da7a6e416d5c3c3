#include "restore/entry_path.hpp"

#include <fmt/format.h>

#include "archive/index_path.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::restore {
namespace {

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorKind::Refused, reason); }

void check_path(std::string_view path, std::string_view what) {
  if (path.size() > archive::kPathBytesMax)
    refuse(fmt::format("{} has more than {} bytes", what, archive::kPathBytesMax));
  if (archive::is_index_path(path)) return;
  if (path.starts_with('/')) refuse(fmt::format("{} is absolute", what));
  refuse(fmt::format("{} leads out of the target, or nowhere: it has a name that is empty, \".\" or \"..\"", what));
}

}  // namespace

void check_paths(const archive::Entry& entry) {
  check_path(entry.path, "its path");
  if (entry.path == "." && entry.type != archive::EntryType::Directory)
    refuse("it is to take the place of the target itself");
  if (entry.type != archive::EntryType::Hardlink) return;
  check_path(entry.target, fmt::format("what it links to, {},", printable(entry.target)));
  if (entry.target == ".") refuse("it links to a directory, the target itself");
}

std::string_view parent_of(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "." : path.substr(0, slash);
}

std::string_view name_in(std::string_view path) noexcept { return path.substr(path.rfind('/') + 1); }

}  // namespace osbackup::restore
