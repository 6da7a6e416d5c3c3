#include "support/gunzip.hpp"

#include <zlib.h>

#include <stdexcept>

namespace osbackup::test {

std::string gunzip_member(std::span<const std::byte> member) {
  constexpr int kGzipOnly = 15 + 16;
  constexpr std::size_t kContentMax = 8U << 20U;
  std::string out(kContentMax, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw std::runtime_error("zlib cannot begin");
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(member.data()));
  stream.avail_in = static_cast<uInt>(member.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool is_whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
  out.resize(stream.total_out);
  inflateEnd(&stream);
  if (!is_whole) throw std::runtime_error("this is not one whole gzip member");
  return out;
}

}  // namespace osbackup::test
