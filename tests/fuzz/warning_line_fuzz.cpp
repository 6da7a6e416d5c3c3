#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "archive/index_path.hpp"
#include "archive/index_writer.hpp"
#include "archive/warning_entry.hpp"
#include "core/error.hpp"

// A text is refused as a line of the warnings with Corrupt, or read into what is the same when it is written and read
// again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  try {
    const auto warning = archive::parse_warning_line({reinterpret_cast<const char*>(data), size});
    if (!archive::is_index_path(warning.path)) std::abort();
    const auto again = archive::parse_warning_line(archive::warning_line(warning.path, warning.reason));
    if (again.path != warning.path || again.reason != warning.reason) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return 0;
}
