#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "archive/entry.hpp"
#include "archive/zip_writer.hpp"
#include "core/range_reader.hpp"
#include "restore/salvaged_members.hpp"

namespace osbackup::restore {

/// Bytes of an archive that nothing could be had from.
struct SalvageLoss {
  std::string tar;           ///< The zip entry that they are in: `etc.tar.gz`; empty when its name is lost too.
  std::uint64_t offset = 0;  ///< In the archive.
  std::uint64_t length = 0;
  std::string after;   ///< The last path before it, whose content may be concerned; empty when there is none.
  std::string before;  ///< The first path behind it; empty when none follows. The same as `after` in a file's middle.

  bool operator==(const SalvageLoss&) const = default;
};

/// What is lost, as a sentence's end for people.
std::string to_text(const SalvageLoss& loss);

/// Gets the entries out of a damaged archive of ours, without its index and manifest, and without its central directory
/// when that is damaged or cut off. What it gives out was found whole by the CRCs of its members.
///
/// Behind a loss of which it is not known how much tar it held, it goes on at the next member that begins an entry. So
/// that the content of a file is not taken for one, that member has to be just as our writer would make it, and its
/// paths have to come where it stands. Memory is bounded, whatever the bytes are. One thread at a time.
class SalvagedEntries {
 public:
  /// `on_loss` gets each loss, when what comes behind it is known. When `stop` is requested, it ends with Cancelled.
  SalvagedEntries(std::shared_ptr<const RangeReader> archive, std::function<void(const SalvageLoss&)> on_loss,
                  std::stop_token stop = {});

  /// The next entry, as TarReader gives it; nothing behind the last. Its path, and a hard link's target, are as an
  /// index has them. What was not read of the content before is gone over.
  std::optional<archive::Entry> next();

  /// A piece of the content of a file.
  struct Content {
    std::uint64_t offset = 0;         ///< In the file.
    std::uint64_t stored_offset = 0;  ///< In the content as it is stored: of a sparse file, one extent after another.
    std::span<const std::byte> bytes;
  };

  /// The next piece of the entry's content that is not lost; valid until the next call of anything. Nothing at its end.
  std::optional<Content> next_content();

  /// Whether nothing of the entry's content was lost so far; final at its end.
  bool is_whole() const noexcept { return is_whole_; }

  /// Whether the content that was given out is where it was said to be, as far as is known; final at its end.
  bool is_in_place() const noexcept { return is_in_place_; }

  /// The zip entry that the last entry came from; empty when its name is lost.
  const std::string& tar_name() const noexcept { return tar_name_; }

 private:
  struct Tar {
    std::string name;
    archive::ZipPlace place;
  };
  using Piece = SalvagedMembers::Piece;

  static std::vector<Tar> places_of(const std::shared_ptr<const RangeReader>& archive);

  std::optional<Piece> next_piece();
  bool next_member();
  void begin_tar(const Piece& piece);
  bool begins_an_entry(std::span<const std::byte> content) const;
  bool can_stand_here(std::string_view path, std::string_view last_path) const;
  std::optional<archive::Entry> take_entry();
  bool next_part();
  void go_over(std::uint64_t bytes);
  void end_content();
  void give_up_content();
  void lose(std::uint64_t offset, std::uint64_t length);
  void lose_sync();
  void tell_loss(const std::string& before);

  std::shared_ptr<const RangeReader> archive_;
  std::function<void(const SalvageLoss&)> on_loss_;
  std::stop_token stop_;
  std::vector<Tar> tars_;  ///< Those to come, the next one last.
  std::unique_ptr<SalvagedMembers> members_;

  std::string tar_name_;
  bool is_synced_ = true;            ///< Whether it is known that an entry begins where the next member does.
  bool has_ended_ = false;           ///< Whether the records that end the tar were seen.
  bool is_at_root_ = true;           ///< Whether the tar's first entries are still to come.
  std::string root_;                 ///< The directory that everything in the tar lies in; empty when it is not known.
  std::string last_path_;            ///< In this tar.
  Piece member_;                     ///< The one at hand.
  std::span<const std::byte> rest_;  ///< What was not used of it.

  archive::Entry entry_;
  std::uint64_t stored_ = 0;   ///< How far the entry's content was given out, as it is stored.
  std::uint64_t left_ = 0;     ///< How much is to come.
  std::uint64_t padding_ = 0;  ///< What then completes its last record.
  bool is_in_parts_ = false;   ///< Whether the content goes on in other members.
  bool is_whole_ = true;
  bool is_in_place_ = true;
  std::size_t extent_ = 0;  ///< Where in a sparse file it is.
  std::uint64_t in_extent_ = 0;
  std::optional<SalvageLoss> loss_;  ///< That was not told yet.
};

}  // namespace osbackup::restore
