#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "archive/archive_reader.hpp"
#include "core/byte_source.hpp"
#include "core/range_reader.hpp"
#include "restore/span_planner.hpp"

namespace osbackup::restore {

/// A gzip member as it lies in an archive.
struct FedMember {
  std::uint64_t offset = 0;  ///< In the archive.
  std::vector<std::byte> bytes;
  std::uint64_t content_bytes = 0;  ///< That it says it holds.
  bool is_last = false;             ///< Of its span.
};

/// Reads the members of planned spans, in their order. Spans that lie close together are one stream: on FTP every other
/// range is a login. It looks some 16,000 objects ahead for that, or 16 MiB of names, and holds one member. One
/// thread at a time.
class MemberFeed {
 public:
  /// What is referred to outlives it.
  MemberFeed(archive::ArchiveReader& archive, SpanPlanner& planner);

  /// Goes to the next span, also when not all members of this one were read; nothing at the end.
  std::optional<PlannedSpan> next_span();

  /// The next member of the span. Where the first one's header is not true, all of a span of a few MiB is taken for it:
  /// to inflate that fails as well, but there may be something in it. Corrupt when there is none where one should be:
  /// then the span is over.
  FedMember next_member();

 private:
  void look_ahead();
  bool may_be_one_member(std::uint64_t bytes_left) const;
  std::uint64_t length_of(std::span<const std::byte> header, std::uint64_t bytes_left) const;
  void go_to(std::uint64_t offset);
  std::uint64_t run_end() const;

  std::shared_ptr<const RangeReader> archive_;
  SpanPlanner& planner_;
  std::deque<PlannedSpan> ahead_;
  std::size_t objects_ahead_ = 0;
  std::size_t name_bytes_ahead_ = 0;
  bool is_planned_ = false;  ///< Whether `ahead_` has all there is.
  std::unique_ptr<ByteSource> stream_;
  std::uint64_t position_ = 0;    ///< In the archive, of the stream.
  std::uint64_t stream_end_ = 0;  ///< Likewise.
  std::uint64_t span_begin_ = 0;  ///< Likewise, of the span that is read.
  std::uint64_t span_end_ = 0;    ///< Likewise.
  bool is_one_member_ = false;    ///< Whether the span cannot have several.
};

}  // namespace osbackup::restore
