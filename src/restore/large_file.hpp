#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "archive/entry.hpp"
#include "crypto/sliced_digest.hpp"
#include "restore/object_sink.hpp"
#include "restore/object_work.hpp"

namespace osbackup::restore {

/// A stretch of an entry's tar stream, inflated.
struct TarSlice {
  std::size_t number = 0;    ///< Counted from 0, the one with the entry's headers.
  std::uint64_t offset = 0;  ///< In the entry's tar stream.
  bool is_last = false;
  std::span<const std::byte> bytes;
};

/// One object that goes on in several members, which as many threads inflate and write at once: the first slice tells
/// the others where their content goes, and the digest goes from slice to slice. Thread-safe; slices are begun in
/// order, so whoever waits here waits for a thread that is at work.
class LargeFile {
 public:
  /// The object outlives it.
  LargeFile(const PlannedObject& object, std::unique_ptr<Receiver> receiver);

  /// Writes and hashes a slice; with the last that ends, the object is whole. True when it is: once. Throws what is
  /// wrong with the object; then, and after fail(), later slices do nothing.
  bool take(const TarSlice& slice);

  /// There is no such slice to be had, or it could not be written: gives the object up. True the first time.
  bool fail();

 private:
  /// Where the content of a slice goes.
  struct Piece {
    std::uint64_t offset = 0;  ///< In the file.
    std::span<const std::byte> bytes;
  };

  void begin(const TarSlice& slice);
  bool wait_for_begin();
  std::vector<Piece> pieces_of(const TarSlice& slice) const;
  void hash(const TarSlice& slice, const std::vector<Piece>& pieces);
  bool end_slice(const TarSlice& slice);

  const PlannedObject& object_;
  std::unique_ptr<Receiver> receiver_;
  std::mutex mutex_;
  std::condition_variable begun_;
  bool has_begun_ = false;
  bool has_failed_ = false;
  std::size_t ended_ = 0;             ///< How many slices are through.
  std::optional<std::size_t> count_;  ///< How many there are, once the last is known.

  // Set by the first slice, before `has_begun_`.
  std::uint64_t header_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;  ///< Content in the tar.
  std::uint64_t size_ = 0;
  bool is_hashed_ = true;
  std::vector<archive::Extent> extents_;

  crypto::SlicedDigest digest_;
  std::stop_source give_up_;
};

}  // namespace osbackup::restore
