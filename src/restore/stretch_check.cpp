#include "restore/stretch_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "archive/crc32.hpp"
#include "archive/gzip_member_reader.hpp"
#include "core/error.hpp"
#include "restore/damaged_member.hpp"

namespace osbackup::restore {
namespace {

using archive::IndexEntry;

/// What a member may hold and take: 1 MiB of tar, but for the headers of one entry.
constexpr std::size_t kContentBytesMax = 4U << 20U;
constexpr std::size_t kMemberBytesMax = kContentBytesMax + (64U << 10U);

std::span<const std::byte> inflate(std::span<const std::byte> member, std::uint64_t content_bytes,
                                   Inflation& inflation) {
  const auto bytes = static_cast<std::size_t>(content_bytes);
  if (inflation.content.size() < bytes) inflation.content.resize(bytes);
  const std::span<std::byte> content = std::span(inflation.content).first(bytes);
  return content.first(inflation.reader.inflate(member, content));
}

std::string member_at(std::uint64_t offset) { return fmt::format("the gzip member at byte {}", offset); }

/// A member that is not as it was made, and what begins in it.
struct Damage {
  const std::vector<IndexEntry>& lines;
  FileSpan span;  ///< From where it begins to where what is in it ends, which may be in other members.
  Error why;
};

/// Tells what `restore --keep-going` cannot get out.
void tell_damage(const Damage& damage, const DamagedMember& member, const DataReport& report) {
  const std::vector<IndexEntry>& lines = damage.lines;
  const bool may_go_on = lines.size() == 1 && lines.front().placement.skip == 0;
  bool is_lost = false;
  for (const IndexEntry& line : lines) {
    if (member.holds({.line = line, .path_in_tar = line.entry.path})) continue;
    is_lost = true;
    if (may_go_on) {
      check_damaged_file(line, damage.span, damage.why, report);
    } else {
      report(line.entry.path, damage.why.what());
    }
  }
  if (lines.empty()) return report({}, damage.why.what());
  if (!is_lost) report.tell_harmless(damage.why.what() + std::string("; but the objects in it are whole"));
}

}  // namespace

void DirectoryBytes::read(std::span<std::byte> out) {
  throw_if_stopped(context_);
  if (!stream_) stream_ = archive_->stream(place_.offset + position_, place_.length - position_);
  if (stream_->read(out) < out.size()) throw Error(ErrorKind::Unavailable, "the archive has become shorter");
  position_ += out.size();
  context_.progress.bytes += out.size();
  crc_ = archive::crc32(crc_, out);
}

void DirectoryBytes::read_to(std::uint64_t offset) {
  constexpr std::uint64_t kPieceBytes = 256U << 10U;
  std::vector<std::byte> piece;
  while (position_ < offset) {
    piece.resize(static_cast<std::size_t>(std::min(offset - position_, kPieceBytes)));
    read(piece);
  }
}

void DirectoryBytes::jump_to(std::uint64_t offset) {
  if (offset == position_) return;
  stream_.reset();
  position_ = offset;
}

FileSpan DirectoryBytes::span(std::uint64_t begin, std::uint64_t end) const {
  return {
      .archive = archive_, .place = {.offset = place_.offset + begin, .length = end - begin}, .stop = context_.stop};
}

void StretchCheck::run(Stretch stretch) {
  next_line_ = 0;
  while (bytes_.position() < stretch.end) check_next(stretch);
}

/// Checks the next member and its lines, or an object in several members.
void StretchCheck::check_next(Stretch& stretch) {
  const std::uint64_t begin = bytes_.position();
  std::vector<IndexEntry> lines = take_lines(stretch);
  // Where the next member begins, or the next object.
  std::uint64_t end = next_line_ < stretch.lines.size() ? stretch.lines[next_line_].placement.member : stretch.end;
  if (!lines.empty()) end = std::min(end, begin + lines.front().placement.span);
  const bool may_be_large = lines.size() == 1 && lines.front().placement.skip == 0;
  Member member;
  try {
    read_member(end, member);
    if (!lines.empty() && !may_be_large && bytes_.position() != end)
      throw Error(ErrorKind::Corrupt, "it ends before its lines say");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    if (lines.empty() || end - begin > kMemberBytesMax) {
      const Error why = error.within(member_at(begin));
      bytes_.read_to(end);
      if (lines.empty()) return report_({}, why.what());
      return may_be_large ? check_damaged(std::move(lines.front()), begin, why) : lose(lines, why.what());
    }
    // Where it ends is known all the same, and there may be something in it.
    const std::size_t bytes_read = member.bytes.size();
    member.bytes.resize(static_cast<std::size_t>(end - begin));
    bytes_.read(std::span(member.bytes).subspan(bytes_read));
    member.problem = error.what();
  }
  if (may_be_large && bytes_.position() != end) return check_large(std::move(lines.front()), std::move(member));
  const bool is_last = bytes_.position() == bytes_.size();
  if (lines.empty() && stretch.knows_lines && !is_last)
    report_({}, fmt::format("no line of the index is about the gzip member at byte {}", begin));
  check_small(std::move(lines), std::move(member), {.knows_lines = stretch.knows_lines, .ends_tar = is_last});
}

/// The lines that point to where the bytes are; those that point before it are lost.
std::vector<IndexEntry> StretchCheck::take_lines(Stretch& stretch) {
  std::vector<IndexEntry> lines;
  for (; next_line_ < stretch.lines.size(); ++next_line_) {
    IndexEntry& line = stretch.lines[next_line_];
    if (line.placement.member > bytes_.position()) break;
    const bool is_here = line.placement.member == bytes_.position();
    if (is_here && (lines.empty() || lines.back().placement.skip < line.placement.skip))
      lines.push_back(std::move(line));
    else
      report_(line.entry.path, "no entry begins where its line says");
  }
  return lines;
}

/// Corrupt when there is none that ends by `end`; then the member has what was read.
void StretchCheck::read_member(std::uint64_t end, Member& member) {
  const std::uint64_t left = end - bytes_.position();
  member = {};
  member.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(archive::kMemberHeaderBytes, left)));
  bytes_.read(member.bytes);
  const std::uint64_t length = archive::member_length(member.bytes, left);
  if (length > kMemberBytesMax) throw Error(ErrorKind::Corrupt, fmt::format("it says that it has {} bytes", length));
  member.bytes.resize(static_cast<std::size_t>(length));
  bytes_.read(std::span(member.bytes).subspan(archive::kMemberHeaderBytes));
  std::uint64_t content_bytes = 0;
  for (std::size_t i = 1; i <= 4; ++i)
    content_bytes = content_bytes << 8U | std::to_integer<std::uint64_t>(member.bytes[length - i]);
  if (content_bytes > kContentBytesMax)
    throw Error(ErrorKind::Corrupt, fmt::format("it says that it holds {} bytes", content_bytes));
  member.content_bytes = content_bytes;
  content_bytes_ += member.content_bytes;
}

void StretchCheck::check_large(IndexEntry line, Member first) {
  const std::uint64_t begin = line.placement.member;
  const std::uint64_t end = begin + line.placement.span;
  const auto file = std::make_shared<LargeFileCheck>(std::move(line), bytes_.span(begin, end), report_);
  std::uint64_t content_offset = 0;
  Member member = std::move(first);
  for (std::size_t number = 0;; ++number) {
    const auto bytes = std::make_shared<const Member>(std::move(member));
    const TarSlice slice{.number = number, .offset = content_offset, .is_last = bytes_.position() == end, .bytes = {}};
    const std::uint64_t at = bytes_.position() - bytes->bytes.size();
    jobs_.push([file, bytes, slice, at](Inflation& inflation) {
      TarSlice whole = slice;
      if (const std::optional<Error> known = file->damage_before(slice.number))
        return file->lose(slice.number, slice.is_last, *known);
      try {
        whole.bytes = inflate(bytes->bytes, bytes->content_bytes, inflation);
      } catch (const Error& error) {
        return file->lose(slice.number, slice.is_last, error.within(member_at(at)));
      }
      file->take(whole);
    });
    if (slice.is_last) return;
    content_offset += bytes->content_bytes;
    const std::uint64_t next = bytes_.position();
    try {
      read_member(end, member);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      bytes_.read_to(end);
      const Error why = error.within(member_at(next));
      return jobs_.push([file, number, why](Inflation&) { file->lose_from(number + 1, why); });
    }
  }
}

/// A large file whose first member is none.
void StretchCheck::check_damaged(IndexEntry line, std::uint64_t begin, const Error& why) {
  const FileSpan span = bytes_.span(begin, begin + line.placement.span);
  jobs_.push([line = std::move(line), span, why, report = &report_](Inflation&) {
    check_damaged_file(line, span, why, *report);
  });
}

void StretchCheck::check_small(std::vector<IndexEntry> lines, Member member, MemberFacts facts) {
  struct Work {
    std::vector<IndexEntry> lines;
    Member member;
  };
  const auto work = std::make_shared<const Work>(Work{.lines = std::move(lines), .member = std::move(member)});
  const std::uint64_t begin = bytes_.position() - work->member.bytes.size();
  const FileSpan span = bytes_.span(begin, bytes_.position());
  jobs_.push([this_report = &report_, work, facts, begin, span](Inflation& inflation) {
    std::span<const std::byte> content;
    try {
      if (!work->member.problem.empty()) throw Error(ErrorKind::Corrupt, work->member.problem);
      content = inflate(work->member.bytes, work->member.content_bytes, inflation);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      const Error why = error.within(member_at(begin));
      const Damage damage{.lines = work->lines, .span = span, .why = why};
      return tell_damage(damage, DamagedMember(work->member.bytes, inflation), *this_report);
    }
    // A member without lines may be the middle of an object whose line is missing.
    if (!work->lines.empty() || (facts.knows_lines && facts.ends_tar))
      check_member(content, work->lines, facts, *this_report);
  });
}

void StretchCheck::lose(const std::vector<IndexEntry>& lines, const std::string& why) {
  for (const IndexEntry& line : lines) report_(line.entry.path, why);
}

}  // namespace osbackup::restore
