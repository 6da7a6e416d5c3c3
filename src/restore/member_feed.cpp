#include "restore/member_feed.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "archive/gzip_member_reader.hpp"
#include "core/error.hpp"

namespace osbackup::restore {
namespace {

/// How many objects are planned ahead, so that what lies together is read together.
constexpr std::size_t kObjectsAheadMax = 16'384;
constexpr std::size_t kNameBytesAheadMax = 16U << 20U;

/// Bytes that are read and thrown away sooner than a range is begun anew.
constexpr std::uint64_t kGapBytesMax = 256U << 10U;

/// The longest member that is taken: of 1 MiB of content, or of an entry's headers, which do not shrink.
constexpr std::uint64_t kMemberBytesMax = 20U << 20U;

/// The most that a member holds, but for what is no member, and the longest span that is taken for one when the header
/// of that says something else.
constexpr std::uint64_t kContentBytesMax = 4U << 20U;
constexpr std::uint64_t kOneMemberBytesMax = kContentBytesMax + (64U << 10U);

std::size_t name_bytes(const PlannedSpan& span) {
  std::size_t bytes = 0;
  for (const PlannedObject& object : span.objects)
    bytes += archive::name_bytes(object.line.entry) + object.path_in_tar.size();
  return bytes;
}

}  // namespace

MemberFeed::MemberFeed(archive::ArchiveReader& archive, SpanPlanner& planner)
    : archive_(archive.bytes()), planner_(planner) {}

std::optional<PlannedSpan> MemberFeed::next_span() {
  if (ahead_.empty()) look_ahead();
  if (ahead_.empty()) return std::nullopt;
  go_to(ahead_.front().place.offset);
  PlannedSpan span = std::move(ahead_.front());
  ahead_.pop_front();
  objects_ahead_ -= span.objects.size();
  name_bytes_ahead_ -= name_bytes(span);
  span_begin_ = span.place.offset;
  span_end_ = span.place.offset + span.place.length;
  is_one_member_ = span.objects.size() > 1 || span.objects.front().line.placement.skip != 0;
  return span;
}

void MemberFeed::look_ahead() {
  while (!is_planned_ && objects_ahead_ < kObjectsAheadMax && name_bytes_ahead_ < kNameBytesAheadMax) {
    std::optional<PlannedSpan> span = planner_.next();
    if (!span) {
      is_planned_ = true;
      return;
    }
    objects_ahead_ += span->objects.size();
    name_bytes_ahead_ += name_bytes(*span);
    ahead_.push_back(std::move(*span));
  }
}

/// Where the spans that are read as one end.
std::uint64_t MemberFeed::run_end() const {
  std::uint64_t end = ahead_.front().place.offset;
  for (const PlannedSpan& span : ahead_) {
    if (span.place.offset < end ? span.place.offset != ahead_.front().place.offset
                                : span.place.offset - end > kGapBytesMax)
      break;
    end = span.place.offset + span.place.length;
  }
  return end;
}

void MemberFeed::go_to(std::uint64_t offset) {
  const std::uint64_t span_end = offset + ahead_.front().place.length;
  if (stream_ && offset >= position_ && span_end <= stream_end_) {
    const std::uint64_t gap = offset - position_;
    position_ += stream_->skip(gap);
    if (position_ == offset) return;
  }
  stream_.reset();
  stream_end_ = run_end();
  stream_ = archive_->stream(offset, stream_end_ - offset);
  position_ = offset;
}

/// Whether all that is left of the span may be taken for one member, should the header say something else.
bool MemberFeed::may_be_one_member(std::uint64_t bytes_left) const {
  return bytes_left == span_end_ - span_begin_ && bytes_left <= kOneMemberBytesMax;
}

/// Of the member with this header.
std::uint64_t MemberFeed::length_of(std::span<const std::byte> header, std::uint64_t bytes_left) const {
  try {
    const std::uint64_t length = archive::member_length(header, bytes_left);
    if (length > kMemberBytesMax)
      throw Error(ErrorKind::Corrupt, "a gzip member says that it has " + std::to_string(length) + " bytes");
    return is_one_member_ && may_be_one_member(bytes_left) ? bytes_left : length;
  } catch (const Error&) {
    if (!may_be_one_member(bytes_left)) throw;
    return bytes_left;
  }
}

FedMember MemberFeed::next_member() {
  const auto read = [this](std::span<std::byte> out) {
    const std::size_t count = stream_->read(out);
    position_ += count;
    if (count < out.size()) throw Error(ErrorKind::Corrupt, "the archive ends inside a gzip member");
  };
  FedMember member;
  member.offset = position_;
  member.bytes.resize(archive::kMemberHeaderBytes);
  const std::uint64_t bytes_left = span_end_ - position_;
  if (bytes_left < archive::kMemberBytesMin) throw Error(ErrorKind::Corrupt, "no gzip member is where one should be");
  read(member.bytes);
  const std::uint64_t length = length_of(member.bytes, bytes_left);
  member.bytes.resize(static_cast<std::size_t>(length));
  read(std::span(member.bytes).subspan(archive::kMemberHeaderBytes));
  for (std::size_t i = 1; i <= 4; ++i)
    member.content_bytes = member.content_bytes << 8U | std::to_integer<std::uint64_t>(member.bytes[length - i]);
  if (member.content_bytes > kContentBytesMax && may_be_one_member(bytes_left)) {
    // These are not the last bytes of a member.
    member.bytes.resize(static_cast<std::size_t>(bytes_left));
    read(std::span(member.bytes).subspan(static_cast<std::size_t>(length)));
  }
  member.is_last = position_ == span_end_;
  return member;
}

}  // namespace osbackup::restore
