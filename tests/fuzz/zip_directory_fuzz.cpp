#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "archive/zip_directory.hpp"
#include "core/error.hpp"

// Bytes are refused as a zip with Corrupt, or give entries that lie inside of them and can be found by their names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto expect_corrupt = [](const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  };
  try {
    const archive::ZipDirectory zip(std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end())));
    for (const archive::ZipEntry& entry : zip.entries()) {
      if (zip.find(entry.name) != &entry || entry.end_limit > size) std::abort();
      try {
        const std::uint64_t offset = zip.data_offset(entry);
        if (offset > entry.end_limit || entry.packed_bytes > entry.end_limit - offset) std::abort();
      } catch (const Error& error) {
        expect_corrupt(error);
      }
    }
  } catch (const Error& error) {
    expect_corrupt(error);
  }
  return 0;
}
