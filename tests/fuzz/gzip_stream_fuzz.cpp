#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "archive/gzip_stream.hpp"
#include "core/error.hpp"
#include "core/range_source.hpp"

// A stream is Corrupt, or inflated to its end; in small pieces and in large ones the content is the same.
namespace {

using namespace osbackup;

/// What came out: how much, a sum over it, and whether it ended well.
struct Outcome {
  std::uint64_t bytes = 0;
  std::uint64_t sum = 0;
  bool whole = false;

  bool operator==(const Outcome&) const = default;
};

Outcome inflate(const MemoryRange& range, std::span<std::byte> piece) {
  constexpr std::uint64_t kContentMax = 8U << 20U;  // Deflate makes a thousand bytes of one.
  RangeSource source(range, {.offset = 0, .length = range.size()});
  archive::GzipStream stream(source);
  Outcome outcome;
  try {
    while (outcome.bytes < kContentMax) {
      const std::size_t found = stream.read(piece);
      for (const std::byte byte : piece.first(found)) outcome.sum = outcome.sum * 31 + std::to_integer<unsigned>(byte);
      outcome.bytes += found;
      if (found < piece.size()) {
        stream.check();
        outcome.whole = true;
        if (stream.compressed_offset() > range.size()) std::abort();
        if (stream.read(piece) != 0) std::abort();
        break;
      }
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const MemoryRange range({bytes.begin(), bytes.end()});
  static std::array<std::byte, 4096> small;
  static std::array<std::byte, 1U << 20U> large;
  const Outcome in_small = inflate(range, small);
  const Outcome in_large = inflate(range, large);
  // A damaged stream may give more of what comes before the damage in small pieces.
  if (in_small.whole != in_large.whole || (in_small.whole && in_small != in_large)) std::abort();
  return 0;
}
