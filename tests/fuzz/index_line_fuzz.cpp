#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "archive/index_entry.hpp"
#include "archive/index_path.hpp"
#include "core/error.hpp"

// A text is refused as a line of the index with Corrupt, or read into an entry that is the same when it is written and
// read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto written = [](const archive::IndexEntry& line) {
    std::string out = archive::index_line_head(line.entry);
    archive::complete_index_line(out, line.digest, line.changed, line.placement);
    return out;
  };
  try {
    const archive::IndexEntry line = archive::parse_index_line(text);
    if (!archive::is_index_path(line.entry.path)) std::abort();
    const std::string once = written(line);
    if (written(archive::parse_index_line(once)) != once) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return 0;
}
