#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

#include "archive/deflate_stream.hpp"
#include "core/error.hpp"
#include "core/range_source.hpp"

// A stream is Corrupt, or inflated to its end; in small pieces and in large ones the content is the same.
namespace {

using namespace osbackup;

/// What came out of a whole stream: how much, and a sum over it.
struct Content {
  std::uint64_t bytes = 0;
  std::uint64_t sum = 0;

  bool operator==(const Content&) const = default;
};

std::optional<Content> inflate(const MemoryRange& range, std::span<std::byte> piece) {
  constexpr std::uint64_t kContentMax = 8U << 20U;  // Deflate makes a thousand bytes of one.
  RangeSource source(range, {.offset = 0, .length = range.size()});
  archive::DeflateStream stream(source);
  Content content;
  try {
    while (content.bytes < kContentMax) {
      const std::size_t found = stream.read(piece);
      for (const std::byte byte : piece.first(found)) content.sum = content.sum * 31 + std::to_integer<unsigned>(byte);
      content.bytes += found;
      if (found == piece.size()) continue;
      if (stream.read(piece) != 0) std::abort();
      return content;
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const MemoryRange range({bytes.begin(), bytes.end()});
  static std::array<std::byte, 4096> small;
  static std::array<std::byte, 1U << 20U> large;
  if (inflate(range, small) != inflate(range, large)) std::abort();
  return 0;
}
