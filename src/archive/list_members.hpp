#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "archive/index_writer.hpp"
#include "core/range_reader.hpp"

namespace osbackup::archive {

/// The most text that one gzip member of a list may hold: 64 KiB and one line, of paths of any length.
inline constexpr std::size_t kListTextBytesMax = 4U << 20U;

/// The most that such a member may take: what does not shrink grows a little.
inline constexpr std::size_t kListMemberBytesMax = kListTextBytesMax + (64U << 10U);

/// Reads a list of an archive (docs/format.md, "Lines") from begin to end, member by member, in pieces of a few MiB. A
/// list that fits one piece is checked against its digest before anything of it is given out, a longer one when its
/// last piece is read: what came before is to be trusted only when all came. Errors are Corrupt. One thread at a time.
class ListMembers {
 public:
  /// `list` is the whole of it, of which the manifest says `summary`.
  ListMembers(std::shared_ptr<const RangeReader> list, const LinesSummary& summary);

  struct Member {
    std::uint64_t offset = 0;          ///< In the list.
    std::span<const std::byte> bytes;  ///< As it lies there; until the next call.
  };

  /// The next member, of at most kListMemberBytesMax; nothing at the end of the list.
  std::optional<Member> next();

 private:
  void fill(std::size_t bytes);

  std::shared_ptr<const RangeReader> list_;
  LinesSummary summary_;
  crypto::Sha256 digest_;
  std::uint64_t fetched_ = 0;  ///< Bytes of the list that were read.
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;  ///< Bytes of the buffer that were given out.
};

/// Takes the next line off the front of a member's text, without its newline; nothing when there is none left. Corrupt
/// when a line does not end.
std::optional<std::string_view> take_line(std::string_view& text);

/// The content of a list's member as text. Corrupt when it is not one whole member, or longer than kListTextBytesMax.
std::string inflate_lines(std::span<const std::byte> member);

}  // namespace osbackup::archive
