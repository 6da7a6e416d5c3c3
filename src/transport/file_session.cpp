#include "transport/file_session.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace osbackup::transport {

std::string path_in(const std::string& directory, const std::string& name) {
  return directory.empty() || directory.ends_with('/') ? directory + name : directory + "/" + name;
}

void require_inside(const FileRange& range, std::optional<std::uint64_t> file_bytes) {
  if (!file_bytes) throw Error(ErrorKind::NotFound, "read " + range.path + ": there is no such file on the server");
  if (range.offset > *file_bytes || range.length > *file_bytes - range.offset)
    throw Error(ErrorKind::Corrupt, fmt::format("read {}: bytes {} to {} are wanted and the file has {}", range.path,
                                                range.offset, range.offset + range.length, *file_bytes));
}

}  // namespace osbackup::transport
