#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "archive/index_path.hpp"
#include "restore/salvaged_entries.hpp"

// Bytes give entries with paths that an index could have, pieces of content that lie in their files, and losses that
// lie in the archive; and the end is reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  const auto bytes = std::as_bytes(std::span(data, size));
  restore::SalvagedEntries entries(std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end())),
                                   [&](const restore::SalvageLoss& loss) {
                                     if (loss.offset > size || loss.length > size - loss.offset) std::abort();
                                   });
  while (const auto entry = entries.next()) {
    if (!archive::is_index_path(entry->path)) std::abort();
    std::uint64_t content_bytes = 0;
    while (const auto piece = entries.next_content()) {
      if (piece->bytes.empty() || piece->offset > entry->size || piece->bytes.size() > entry->size - piece->offset)
        std::abort();
      content_bytes += piece->bytes.size();
    }
    if (entries.is_whole() && content_bytes != archive::stored_bytes(*entry)) std::abort();
  }
  return 0;
}
