#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/gzip_member_reader.hpp"
#include "archive/zip_writer.hpp"
#include "core/range_reader.hpp"
#include "restore/byte_window.hpp"

namespace osbackup::restore {

/// The most that a member may hold to be salvaged: 1 MiB, or one entry's headers as our writer makes them.
inline constexpr std::size_t kSalvagedContentMax = 2U << 20U;

/// The most that such a member takes.
inline constexpr std::size_t kSalvagedMemberBytesMax = kSalvagedContentMax + (64U << 10U);

/// Gets gzip members out of a damaged archive of ours, in order, each of which its CRC shows to be whole, and says
/// where there are others (docs/format.md, "Gzip members"). A member is whole also when no more than its header or its
/// ISIZE is damaged.
///
/// It hops from member to member. Behind a damaged one whose length is right it goes on at once; else it looks for the
/// next. Content may hold members too, of another archive that was backed up: what looks like the next member is taken
/// for it only when the members behind it lead to the end of the zip entry, or farther than one member reaches, since
/// those in another member's content cannot; or when it is whole and longer than what a member can hold as it is.
/// Memory is bounded, whatever the bytes are. One thread at a time.
class SalvagedMembers {
 public:
  /// The content of one zip entry, whose place is known and lies in `object`. When `stop` is requested, next() ends
  /// with Cancelled.
  SalvagedMembers(std::shared_ptr<const RangeReader> object, archive::ZipPlace entry, std::stop_token stop);

  /// All of `object`, whose central directory is lost: zip entries are known by what ZipWriter writes before and behind
  /// them. Ends where the directories do, at an entry in `osbackup/`.
  SalvagedMembers(const std::shared_ptr<const RangeReader>& object, std::stop_token stop);

  struct Piece {
    enum class Kind {
      Member,  ///< A whole member.
      Lost,    ///< Bytes that no member could be made of.
      Entry,   ///< The begin of another zip entry; only when the central directory is lost.
    };
    Kind kind = Kind::Member;
    std::uint64_t offset = 0;  ///< In the object.
    std::uint64_t length = 0;
    /// Of a member; or what may be that of a lost one, which inflates and has another CRC. Until the next call.
    std::span<const std::byte> content = {};
    std::optional<std::uint64_t> lost_content = {};  ///< What was lost is one member, and held so many bytes.
    std::string entry = {};                          ///< The name of the zip entry; empty when that is lost.
  };

  /// The next piece; they follow each other without gaps, but for what stands around zip entries. Nothing at the end.
  std::optional<Piece> next();

 private:
  std::optional<std::uint64_t> length_at(std::uint64_t offset);
  std::optional<std::string> name_at(std::uint64_t offset);
  bool is_directory_at(std::uint64_t offset);
  bool is_end_of_entry(std::uint64_t offset, std::optional<std::uint64_t> entry_begin);
  std::optional<Piece> take_member();
  std::optional<Piece> take_damaged(std::uint64_t end);
  std::optional<Piece> take_boundary();
  Piece search();
  bool is_confirmed(std::uint64_t candidate);
  bool is_whole_and_long(std::uint64_t candidate);
  Piece before(std::uint64_t member);
  Piece lost(std::uint64_t end, std::optional<std::uint64_t> content = std::nullopt);

  ByteWindow window_;
  bool is_whole_object_ = false;
  std::uint64_t at_ = 0;
  std::optional<std::uint64_t> entry_begin_;  ///< Where the content of the zip entry at hand begins, if that is known.
  bool is_at_boundary_ = false;               ///< Whether a zip entry should begin here.
  bool is_nameless_entry_ = false;            ///< Whether one does whose header is lost.
  bool is_at_end_ = false;
  std::set<std::uint64_t> dead_ends_;  ///< Members that lead to nothing.
  std::uint64_t long_ones_left_;       ///< Candidates that may still be inflated, so that hostile ones take no time.
  archive::GzipMemberReader reader_;
  archive::MemberRemains remains_;  ///< Of the member that was damaged last.
  std::vector<std::byte> content_;
};

}  // namespace osbackup::restore
