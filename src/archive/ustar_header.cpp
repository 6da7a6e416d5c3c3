#include "archive/ustar_header.hpp"

#include <cstring>
#include <numeric>

namespace osbackup::archive {
namespace {

static_assert(sizeof(UstarHeader) == 512 && alignof(UstarHeader) == 1);

void put_name(UstarHeader& header, std::string_view name, bool is_directory) noexcept {
  name.copy(header.name.data(), header.name.size());
  if (is_directory) header.name[name.size()] = '/';
}

}  // namespace

void UstarHeader::seal() noexcept {
  std::memcpy(magic.data(), "ustar", magic.size());
  version.fill('0');
  // The checksum is counted as if its own field were spaces, and is written as six digits, a NUL and a space.
  checksum.fill(' ');
  std::array<unsigned char, sizeof(UstarHeader)> bytes{};
  std::memcpy(bytes.data(), this, bytes.size());
  std::array<char, 7> digits{};
  put_octal(digits, std::accumulate(bytes.begin(), bytes.end(), 0U));
  std::memcpy(checksum.data(), digits.data(), digits.size());
}

bool put_path(UstarHeader& header, std::string_view path, bool is_directory) noexcept {
  const std::size_t length = path.size() + (is_directory ? 1 : 0);
  if (length <= header.name.size()) {
    put_name(header, path, is_directory);
    return true;
  }
  // The first slash behind which everything fits into the name leaves the shortest prefix.
  const std::size_t slash = path.find('/', length - header.name.size() - 1);
  if (slash != std::string_view::npos && slash > 0 && slash <= header.prefix.size()) {
    put_text(header.prefix, path.substr(0, slash));
    put_name(header, path.substr(slash + 1), is_directory);
    return true;
  }
  // A name that ended in a slash would make an old reader take a file for a directory.
  path = path.substr(0, header.name.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  put_text(header.name, path);
  return false;
}

}  // namespace osbackup::archive
