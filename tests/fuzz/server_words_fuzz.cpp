#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "notify/server_words.hpp"

// An answer to GET /api/v1/backups is refused with Corrupt, or read into words whose digests are digests.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    for (const notify::ServerWord& word :
         notify::parse_server_words(text, "web1+192.0.2.7+20261123T093000Z.zip").words) {
      if (word.manifest_sha256 && word.manifest_sha256->size() != 64) std::abort();
      if (word.sha256 && word.sha256->size() != 64) std::abort();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return 0;
}
