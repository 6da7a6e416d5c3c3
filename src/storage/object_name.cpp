#include "storage/object_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::storage {

bool is_object_name(std::string_view name) noexcept {
  constexpr std::size_t kBytesMax = 255;
  const auto is_refused = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '/'; };
  return !name.empty() && name.size() <= kBytesMax && name.front() != '.' && name.front() != ' ' &&
         name.back() != ' ' && std::none_of(name.begin(), name.end(), is_refused) && is_utf8(name);
}

void require_object_name(std::string_view name) {
  if (!is_object_name(name))
    throw Error(
        ErrorKind::Usage,
        fmt::format("\"{}\" cannot be the name of a stored object: 1 to 255 bytes of UTF-8 are expected, without "
                    "slashes and control characters, without a dot at the beginning and spaces at the ends",
                    printable(name, 300)));
}

}  // namespace osbackup::storage
