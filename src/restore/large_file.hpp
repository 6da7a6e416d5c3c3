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
#include "core/error.hpp"
#include "crypto/sliced_digest.hpp"
#include "restore/content_loss.hpp"
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

/// A stretch of an entry's tar stream that cannot be had.
struct LostSlice {
  std::size_t number = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< As its gzip member says.
  bool is_last = false;
};

/// What becomes of a large file of which not everything can be had.
enum class WhenDamaged { GiveUp, KeepRest };

/// One object that goes on in several members, which as many threads inflate and write at once: the first slice tells
/// the others where their content goes, and the digest goes from slice to slice. Thread-safe; slices are begun in
/// order, so whoever waits here waits for a thread that is at work.
///
/// With WhenDamaged::KeepRest the first slice has to be there, others may be lost, or not fit: then nothing is hashed
/// any more, and with the last slice that ends the receiver keeps the rest, and what is lost is thrown.
class LargeFile {
 public:
  /// The object outlives it. Without a receiver nothing is done.
  LargeFile(const PlannedObject& object, std::unique_ptr<Receiver> receiver, WhenDamaged when_damaged);

  /// Writes and hashes a slice; with the last that ends, the object is whole. True when it is: once. Throws what is
  /// wrong with the object; the caller then calls fail(), after which slices do nothing.
  bool take(const TarSlice& slice);

  /// There is no such slice to be had. Throws `why` when that gives the object up; else as take().
  void lose(const LostSlice& slice, const Error& why);

  /// Nobody knows where this slice and those behind it are; `offset` is where they would begin in the entry's tar
  /// stream. Throws as lose(). Waits for nobody.
  void lose_from(std::size_t number, std::uint64_t offset, const Error& why);

  /// Gives the object up. True the first time.
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
  void write(const TarSlice& slice);
  void hash(const TarSlice& slice, const std::vector<Piece>& pieces);
  void note_loss(archive::Extent in_tar, const Error& why);
  bool end_slice(std::optional<std::size_t> count, std::uint64_t slice_end);
  bool end_object();
  std::uint64_t padding_end() const { return header_bytes_ + archive::in_whole_records(stored_bytes_); }

  const PlannedObject& object_;
  std::unique_ptr<Receiver> receiver_;
  WhenDamaged when_damaged_;
  std::mutex mutex_;
  std::condition_variable begun_;
  bool has_begun_ = false;
  bool has_failed_ = false;
  std::size_t ended_ = 0;             ///< How many slices are through.
  std::optional<std::size_t> count_;  ///< How many there are, once the last is known.
  std::uint64_t end_ = 0;             ///< Of the last, in the entry's tar stream.
  std::optional<Error> cut_off_;      ///< Why there are no slices behind the last.
  std::optional<ContentLoss> loss_;   ///< Set by the first slice.

  // Set by the first slice, before `has_begun_`.
  std::uint64_t header_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;  ///< Content in the tar.
  std::uint64_t size_ = 0;
  bool is_hashed_ = true;
  std::vector<archive::Extent> extents_;

  crypto::SlicedDigest digest_;
  std::stop_source no_digest_;  ///< When it is lost, or a slice of it.
};

}  // namespace osbackup::restore
