#include "archive/archive_reader.hpp"

#include <fmt/format.h>

#include <cassert>

#include "archive/crc32.hpp"
#include "archive/zip_format.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

std::string read_manifest_text(const RangeReader& archive, const ZipDirectory& zip, const ZipEntry& entry) {
  if (!entry.is_stored()) throw Error(ErrorKind::Corrupt, "it is not stored as it is");
  if (entry.bytes > kManifestBytesMax)
    throw Error(ErrorKind::Corrupt, fmt::format("{} bytes; a manifest has at most {}", entry.bytes, kManifestBytesMax));
  std::string text(static_cast<std::size_t>(entry.bytes), '\0');
  archive.read(zip.data_offset(entry), std::as_writable_bytes(std::span(text)));
  if (crc32(0, std::as_bytes(std::span(text))) != entry.crc) throw Error(ErrorKind::Corrupt, "its CRC does not match");
  return text;
}

}  // namespace

ArchiveReader::ArchiveReader(std::shared_ptr<const RangeReader> object)
    : range_(std::make_shared<TailRange>(std::move(object))), zip_(range_) {
  const ZipEntry* entry = zip_.find(kManifestEntry);
  if (entry == nullptr) {
    // An archive that never had one has none of these either; only its directories, then, can be trusted.
    for (const std::string_view name : {kIndexEntry, kBlocksEntry, kWarningsEntry})
      if (zip_.find(name) != nullptr)
        throw Error(ErrorKind::Corrupt, fmt::format("the zip has {}, and {} is missing", name, kManifestEntry));
    return;
  }
  try {
    const std::string text = read_manifest_text(*range_, zip_, *entry);
    manifest_ = parse_manifest(text);
    manifest_sha256_ = crypto::sha256(std::as_bytes(std::span(text)));
  } catch (const Error& error) {
    throw error.within(kManifestEntry);
  }
  check_against(*manifest_, zip_);
}

void ArchiveReader::check_local_headers() const {
  for (const ZipEntry& entry : zip_.entries()) {
    const std::uint64_t offset = zip_.data_offset(entry);
    // What the manifest says of the places was checked with the header that ZipWriter writes.
    if (manifest_ && offset != entry.header_offset + zip::kWrittenHeaderBytes + entry.name.size())
      throw Error(ErrorKind::Corrupt,
                  fmt::format("the content of {} begins at {}, which is not where the manifest says",
                              printable(entry.name), offset));
  }
}

IndexReader& ArchiveReader::index() {
  assert(manifest_);
  if (!index_) index_.emplace(range_, *manifest_);
  return *index_;
}

}  // namespace osbackup::archive
