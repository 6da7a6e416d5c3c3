#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/entry.hpp"
#include "archive/zip_writer.hpp"
#include "core/error.hpp"
#include "core/range_reader.hpp"
#include "crypto/sliced_digest.hpp"
#include "restore/content_loss.hpp"
#include "restore/object_sink.hpp"
#include "restore/salvaged_members.hpp"
#include "restore/span_planner.hpp"

namespace osbackup::restore {

/// Where the gzip members of one file lie, and when to stop looking at them.
struct FileSpan {
  std::shared_ptr<const RangeReader> archive;
  archive::ZipPlace place;  ///< In the archive.
  std::stop_token stop;     ///< Ends it with Cancelled.
};

/// What became of a file that goes on in several gzip members.
struct FileOutcome {
  std::optional<Error> lost;    ///< It is not whole: why, what is lost, and where the rest is.
  std::optional<Error> damage;  ///< It is whole, and there is damage all the same.
};

/// Gets out of the damaged members of one file what can be had. It reads them twice: first to see which there are, then
/// to give their content to the receiver.
///
/// A member that is whole by its CRC (SalvagedMembers) is put where it belongs. One that inflates and has another CRC
/// is believed when all of the file then has the digest that the index says; else it is lost. Behind what is lost the
/// place of a member follows from the lengths that the lost ones said, or have as our writer makes them, if with these
/// all lengths make up the file; if not, from the file's end, and what lies between two losses is lost as well. The
/// headers are in the first member: without it a file that has no holes is known from the index, but for its extended
/// attributes and its ACL; so that this gives nobody rights, only its owner has any then. Memory is bounded. One thread
/// at a time.
class FileSalvage {
 public:
  /// The object, which begins where the span does, outlives it.
  FileSalvage(const PlannedObject& object, FileSpan span);

  /// `why` is the damage that was found. A receiver that has begun the object forgets what was written; throws what the
  /// receiver throws, and what the archive's bytes do. Once.
  FileOutcome run(Receiver& receiver, bool has_begun, const Error& why);

 private:
  using Piece = SalvagedMembers::Piece;

  /// Of pieces one after another.
  struct Survey {
    std::uint64_t pieces = 0;
    std::uint64_t lost = 0;
    std::uint64_t bytes = 0;        ///< Of tar, with what the lost ones are expected to have held.
    std::uint64_t bytes_after = 0;  ///< Of those behind the last that is lost.

    void add(const Piece& piece);
  };

  void survey();
  void read_headers(const Piece& first);
  void take_headers(archive::Entry entry, std::uint64_t header_bytes, std::uint64_t stored_bytes);
  void take_line();
  void hash(const Piece& piece);
  std::optional<std::int64_t> place_of_first() const;
  bool is_all_right();
  std::optional<std::int64_t> place_of(const Survey& before, bool is_lost) const;
  void give_content(Receiver& receiver, ContentLoss& loss, const Error& why);
  std::int64_t end_of_content() const;

  const PlannedObject& object_;
  FileSpan span_;
  Survey all_;
  std::uint64_t unsure_ = 0;   ///< Lost pieces that may have held something else than is expected.
  bool is_last_open_ = false;  ///< Whether the last one is lost and nobody knows what it held: `all_` is without that.

  std::optional<archive::Entry> entry_;  ///< Nothing when the headers are lost, and the line cannot stand for them.
  bool has_headers_ = false;
  bool is_map_sure_ = true;  ///< Whether it is known where the content of a file with holes goes.
  std::string loss_;         ///< What is lost with the headers, as a sentence's end.
  std::uint64_t header_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;
  std::vector<archive::Extent> extents_;

  bool is_hashed_ = false;  ///< Whether everything up to here was there, and went into the digest.
  crypto::SlicedDigest digest_;

  // Places are of the tar, counted from where the content begins in it: the headers' are below 0.
  std::optional<std::int64_t> begin_;  ///< Of the first piece, if all pieces make up the file.
  bool is_whole_ = false;
};

}  // namespace osbackup::restore
