#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "archive/tar_reader.hpp"
#include "core/error.hpp"
#include "crypto/digest.hpp"
#include "restore/extraction.hpp"
#include "restore/lost_paths.hpp"
#include "restore/span_planner.hpp"

namespace osbackup::restore {

/// The most zeros that are hashed for the holes of one file: some minutes. A file with more is restored, and its digest
/// not compared.
inline constexpr std::uint64_t kHashedHolesMax = 256ULL << 30U;

/// Whether such a failure is no single object's, and ends everything.
bool is_about_all(ErrorKind kind) noexcept;

/// What threads that take objects out of members have in common: what failed is told, what is done is counted.
/// Thread-safe.
class ObjectWork {
 public:
  ObjectWork(const ExtractionOrder& order, ExtractionVoices voices) : order_(order), voices_(voices) {}

  /// An object is through.
  void count(const PlannedObject& object) noexcept;

  /// What `failure` means for an object: it is in the log, and the others go on; or it is thrown, since it is about all
  /// of them, or damage without `keep_going`. To be called in a handler.
  void settle(const PlannedObject& object, const Error& failure);

  /// Whether the content that a hard link is for was lost before.
  bool is_lost(const std::string& path) const { return lost_.has(path); }

  const ExtractionOrder& order() const noexcept { return order_; }
  TroubleLog& troubles() noexcept { return voices_.troubles; }

 private:
  const ExtractionOrder& order_;
  ExtractionVoices voices_;
  LostPaths lost_;  ///< Of objects with several names.
};

/// Reads the headers of an object from the tar, and gives the entry with what the index alone knows. Corrupt when it is
/// another entry than its line says.
archive::Entry read_entry(archive::TarReader& tar, const PlannedObject& object);

/// The digest of a file whose stored content is at hand, holes and all; nothing when there is more of them than
/// kHashedHolesMax.
std::optional<crypto::Sha256Digest> digest_of_content(const archive::Entry& entry, std::span<const std::byte> stored);

/// Corrupt when a content's digest is not that of the object's line.
void require_digest(const PlannedObject& object, const crypto::Sha256Digest& digest);

}  // namespace osbackup::restore
