#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "archive/archive_reader.hpp"
#include "core/error.hpp"

// Bytes are refused as an archive, or give entries whose spans lie inside of them and which are found by their paths.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  constexpr int kFindsMax = 20;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    archive::ArchiveReader reader(std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end())));
    if (!reader.manifest()) return 0;
    auto lines = reader.list(".");
    for (int finds = 0; const auto line = lines.next(); ++finds) {
      const archive::ZipPlace place = reader.span_of(*line);
      if (place.offset > size || place.length > size - place.offset) std::abort();
      if (finds < kFindsMax && !reader.find(line->entry.path)) std::abort();
    }
    reader.check_local_headers();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::Usage) std::abort();
  }
  return 0;
}
