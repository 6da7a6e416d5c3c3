#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "archive/manifest.hpp"
#include "core/error.hpp"

// A text is refused as a manifest, or read into one that is the same when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::string written = archive::to_json_text(archive::parse_manifest(text));
    if (archive::to_json_text(archive::parse_manifest(written)) != written) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::Usage) std::abort();
  }
  return 0;
}
