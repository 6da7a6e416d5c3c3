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
#include "restore/content_pieces.hpp"
#include "restore/file_salvage.hpp"
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
///
/// It is through with the slice that ends last: whoever brings that gets the outcome. Damage is thrown, which gives the
/// object up; or, when it is to be salvaged, kept in mind until no other thread is at work on it.
class LargeFile {
 public:
  /// The object outlives it. Without a receiver nothing is done. With a `span` it is salvaged.
  LargeFile(const PlannedObject& object, std::unique_ptr<Receiver> receiver, std::optional<FileSpan> span);

  /// Writes and hashes a slice. Throws what is wrong with the object; the caller then calls fail(), after which slices
  /// do nothing.
  std::optional<FileOutcome> take(const TarSlice& slice);

  /// The damage of a slice before this one, if some is known: then this one need not be inflated.
  std::optional<Error> damage_before(std::size_t number) const;

  /// The slice of this number cannot be had. As take().
  std::optional<FileOutcome> lose(std::size_t number, bool is_last, const Error& why);

  /// Nobody knows where this slice and those behind it are. As take(); waits for nobody.
  std::optional<FileOutcome> lose_from(std::size_t number, const Error& why);

  /// Gives the object up. True the first time.
  bool fail();

 private:
  void begin(const TarSlice& slice);
  bool wait_for_begin();
  void take_content(const TarSlice& slice);
  void hash(const TarSlice& slice, const std::vector<ContentPiece>& pieces);
  void note_damage(std::size_t number, const Error& why);
  std::optional<FileOutcome> end_slice(std::optional<std::size_t> count);
  std::optional<FileOutcome> end_object();

  const PlannedObject& object_;
  std::unique_ptr<Receiver> receiver_;
  std::optional<FileSpan> span_;
  mutable std::mutex mutex_;
  std::condition_variable begun_;
  bool has_begun_ = false;
  bool has_failed_ = false;
  std::optional<Error> damage_;       ///< Of the first slice that is known to have any.
  std::size_t damaged_ = 0;           ///< The number of that.
  std::size_t ended_ = 0;             ///< How many slices are through.
  std::optional<std::size_t> count_;  ///< How many there are, once the last is known.

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
