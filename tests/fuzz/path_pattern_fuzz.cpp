#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/path_pattern.hpp"

// A pattern on the first line is refused with Usage, on one line, or asked about the path that follows it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string path(text.substr(std::min(end + 1, text.size())));
  try {
    const PathPatterns patterns({PathPattern(text.substr(0, end))});
    const bool as_file = patterns.matches(path, false);
    const bool as_directory = patterns.matches(path, true);
    const bool below = patterns.matches(path + "/x", false);
    if (as_file && !as_directory) std::abort();
    if (as_directory && !below) std::abort();
  } catch (const Error& error) {
    const std::string_view message = error.what();
    if (error.kind() != ErrorKind::Usage || message.find('\n') != std::string_view::npos || !is_utf8(message))
      std::abort();
  }
  return 0;
}
