#pragma once

#include <memory>
#include <optional>
#include <string>

#include "archive/index_reader.hpp"
#include "archive/manifest.hpp"
#include "archive/tail_range.hpp"
#include "archive/zip_directory.hpp"
#include "core/range_reader.hpp"
#include "crypto/digest.hpp"

namespace osbackup::archive {

/// An archive as it lies on a destination, read by ranges (docs/format.md, "Reading one file"): one read of its tail,
/// usually one of the list of blocks if it does not lie in the tail, one of a block of the index, and one of a file's
/// span. Counts what it reads. Corrupt where the archive contradicts itself, Usage when a newer osbackup made it. One
/// thread at a time, but for bytes() and count().
class ArchiveReader {
 public:
  /// Reads the tail and the manifest, and checks the manifest against the zip.
  explicit ArchiveReader(std::shared_ptr<const RangeReader> object);

  const ZipDirectory& zip() const noexcept { return zip_; }

  /// Nothing in an archive that was made by the `commands` engine, or by hand: it has to be read in sequence, and the
  /// functions below, down to span_of, are not for it.
  const std::optional<Manifest>& manifest() const noexcept { return manifest_; }

  /// The digest of the manifest's bytes, with which the chain of digests begins (docs/format.md, "Integrity"); nothing
  /// without a manifest.
  const std::optional<crypto::Sha256Digest>& manifest_sha256() const noexcept { return manifest_sha256_; }

  /// As IndexReader; the first call reads the list of blocks.
  std::optional<IndexEntry> find(const std::string& path) { return index().find(path); }
  IndexReader::Lines list(const std::string& directory) { return index().list(directory); }
  bool is_in_order() { return index().is_in_order(); }
  ZipPlace span_of(const IndexEntry& entry) { return index().span_of(entry); }

  /// Corrupt when the local headers say of the entries something else than the central directory. Reads each, so it is
  /// for those who read the whole archive.
  void check_local_headers() const;

  /// The bytes of the archive; its tail is at hand. Thread-safe, if the object is.
  std::shared_ptr<const RangeReader> bytes() const { return range_; }

  /// The range reads of the object so far.
  ReadCount count() const { return range_->count(); }

 private:
  IndexReader& index();

  std::shared_ptr<const TailRange> range_;
  ZipDirectory zip_;
  std::optional<Manifest> manifest_;
  std::optional<crypto::Sha256Digest> manifest_sha256_;
  std::optional<IndexReader> index_;
};

}  // namespace osbackup::archive
