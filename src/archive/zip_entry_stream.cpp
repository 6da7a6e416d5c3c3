#include "archive/zip_entry_stream.hpp"

#include <isa-l/crc.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "archive/zip_format.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::archive {

ZipEntryStream::ZipEntryStream(const ZipDirectory& directory, const RangeReader& zip, const ZipEntry& entry)
    : bytes_left_(entry.bytes), expected_crc_(entry.crc) {
  if (entry.is_encrypted || (entry.method != zip::kStored && entry.method != zip::kDeflated))
    throw Error(ErrorKind::Usage,
                "the zip entry \"" + printable(entry.name) + "\" is " +
                    (entry.is_encrypted ? "encrypted" : "compressed by method " + std::to_string(entry.method)) +
                    ", which osbackup cannot read: fetch the archive and unpack it with unzip");
  packed_ = zip.stream(directory.data_offset(entry), entry.packed_bytes);
  if (!entry.is_stored()) inflated_ = std::make_unique<DeflateStream>(*packed_);
}

std::size_t ZipEntryStream::read(std::span<std::byte> out) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), bytes_left_));
  ByteSource& source = inflated_ ? static_cast<ByteSource&>(*inflated_) : *packed_;
  const std::size_t found = source.read(out.first(wanted));
  if (found < wanted) throw Error(ErrorKind::Corrupt, "the zip entry holds less than its size says");
  crc_ = crc32_gzip_refl(crc_, reinterpret_cast<const unsigned char*>(out.data()), found);
  bytes_left_ -= found;
  return found;
}

void ZipEntryStream::check() {
  assert(bytes_left_ == 0);
  if (crc_ != expected_crc_) throw Error(ErrorKind::Corrupt, "the zip entry has another CRC than it says");
  std::array<std::byte, 1> more{};
  if (inflated_ && inflated_->read(more) > 0)
    throw Error(ErrorKind::Corrupt, "the zip entry holds more than its size says");
}

}  // namespace osbackup::archive
