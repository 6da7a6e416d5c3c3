#include "restore/span_work.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/damaged_member.hpp"
#include "restore/memory_source.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;

/// The most that the content of a member may come to: 1 MiB, but for the headers of an entry, whose attributes and
/// sparse map are below 1 MiB each, and whose path and target are too.
constexpr std::uint64_t kContentBytesMax = 4U << 20U;

/// Takes an object's content, which is all at hand, out of a tar that stands behind its headers.
void write_content(const PlannedObject& object, const archive::Entry& entry, std::span<const std::byte> stored,
                   Receiver& receiver) {
  std::span<const std::byte> rest = stored;
  for (const archive::Extent& extent : archive::content_extents(entry)) {
    const auto piece = rest.first(static_cast<std::size_t>(extent.length));
    rest = rest.subspan(piece.size());
    if (!piece.empty()) receiver.write(extent.offset, piece);
  }
  if (!object.line.digest) return;
  if (const auto digest = digest_of_content(entry, stored)) require_digest(object, *digest);
}

}  // namespace

SpanWork::SpanWork(PlannedSpan span, std::vector<std::unique_ptr<Receiver>> receivers, ObjectWork& work,
                   std::shared_ptr<const RangeReader> archive)
    : span_(std::move(span)), receivers_(std::move(receivers)), work_(work), archive_(std::move(archive)) {}

void SpanWork::expect_several_members() {
  if (!may_go_on()) throw Error(ErrorKind::Corrupt, "it goes on behind a gzip member that it shares with others");
  large_.emplace(span_.objects.front(), std::move(receivers_.front()),
                 work_.order().keep_going ? std::optional(file_span()) : std::nullopt);
}

/// Whether it can be one object in several members.
bool SpanWork::may_go_on() const { return span_.objects.size() == 1 && span_.objects.front().line.placement.skip == 0; }

FileSpan SpanWork::file_span() const { return {.archive = archive_, .place = span_.place, .stop = work_.order().stop}; }

void SpanWork::process(const QueuedMember& member, Inflation& inflation, MemberQueue& queue) {
  if (member.failure) {
    lose(member.number, *member.failure);
  } else if (large_) {
    process_slice(member, inflation);
  } else {
    process_small(member, inflation, queue);
  }
}

/// What is not found all the same of its members from this one on is lost.
void SpanWork::lose(std::size_t from_member, const Error& why) {
  if (!large_) {
    if (work_.order().keep_going && may_go_on()) salvage_file(why);
    return lose_small(why);
  }
  try {
    if (const auto outcome = large_->lose_from(from_member, why)) tell_outcome(*outcome);
  } catch (const Error& error) {
    settle_large(error);
  }
}

void SpanWork::lose_small(const Error& why) {
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    if (!receivers_[i]) continue;
    receivers_[i].reset();
    work_.settle(span_.objects[i], why);
  }
}

std::span<const std::byte> SpanWork::inflate(const QueuedMember& member, Inflation& inflation) const {
  const std::uint64_t bytes = member.content_bytes;
  try {
    if (bytes > kContentBytesMax)
      throw Error(ErrorKind::Corrupt,
                  fmt::format("it says that it holds {} bytes, and {} are the most", bytes, kContentBytesMax));
    if (inflation.content.size() < bytes) inflation.content.resize(static_cast<std::size_t>(bytes));
    const std::span<std::byte> content = std::span(inflation.content).first(static_cast<std::size_t>(bytes));
    return content.first(inflation.reader.inflate(member.bytes, content));
  } catch (const Error& error) {
    throw error.within(fmt::format("the gzip member at byte {} of the archive", member.offset));
  }
}

void SpanWork::process_small(const QueuedMember& member, Inflation& inflation, MemberQueue& queue) {
  std::span<const std::byte> content;
  try {
    content = inflate(member, inflation);
  } catch (const Error& error) {
    if (!work_.order().keep_going) return lose_small(error);
    content = salvage(member, inflation, error);
  }
  const auto is_link = [&](std::size_t i) { return span_.objects[i].line.entry.type == EntryType::Hardlink; };
  bool has_links = false;
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    has_links |= is_link(i);
    if (!is_link(i)) take_out(i, content);
  }
  // What they link to may be in another thread's hands.
  if (!has_links || !queue.wait_for_earlier(member.sequence)) return;
  for (std::size_t i = 0; i < receivers_.size(); ++i)
    if (is_link(i)) take_out(i, content);
}

/// Loses what a damaged member does not hold as the index says, unless it goes on in others that are found. What is not
/// settled then can be taken out of what is given.
std::span<const std::byte> SpanWork::salvage(const QueuedMember& member, Inflation& inflation, const Error& why) {
  const DamagedMember damaged(member.bytes, inflation);
  bool is_lost = false;
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    if (!receivers_[i] || damaged.holds(span_.objects[i])) continue;
    is_lost = true;
    if (may_go_on()) salvage_file(why);
    if (const auto receiver = std::move(receivers_[i])) work_.settle(span_.objects[i], why);
  }
  if (!is_lost)
    work_.troubles().add({.kind = Trouble::Kind::Damaged,
                          .path = "",
                          .reason = std::string(why.what()) + ", but all that is wanted of it is whole"});
  return damaged.content();
}

void SpanWork::take_out(std::size_t number, std::span<const std::byte> content) {
  const std::unique_ptr<Receiver> receiver = std::move(receivers_[number]);
  if (!receiver) return;
  const PlannedObject& object = span_.objects[number];
  try {
    const archive::Entry& line = object.line.entry;
    if (line.type == EntryType::Hardlink && work_.is_lost(line.target))
      throw Error(ErrorKind::NotFound, "the content that it is a hard link to could not be restored");
    const std::uint64_t skip = object.line.placement.skip;
    if (skip > content.size()) throw Error(ErrorKind::Corrupt, "its gzip member ends before it begins");
    MemorySource source(content, static_cast<std::size_t>(skip));
    archive::TarReader tar(source);
    const archive::Entry entry = read_entry(tar, object);
    receiver->begin(entry);
    if (entry.type == EntryType::File) {
      const std::span<const std::byte> rest = content.subspan(source.position());
      if (tar.content_left() > rest.size()) throw Error(ErrorKind::Corrupt, "its gzip member ends before its content");
      write_content(object, entry, rest.first(static_cast<std::size_t>(tar.content_left())), *receiver);
    }
    receiver->finish();
    work_.count(object);
  } catch (const Error& error) {
    work_.settle(object, error);
  }
}

void SpanWork::process_slice(const QueuedMember& member, Inflation& inflation) {
  try {
    if (const auto outcome = take_slice(member, inflation)) tell_outcome(*outcome);
  } catch (const Error& error) {
    settle_large(error);
  }
}

std::optional<FileOutcome> SpanWork::take_slice(const QueuedMember& member, Inflation& inflation) {
  TarSlice slice{.number = member.number, .offset = member.content_offset, .is_last = member.is_last, .bytes = {}};
  if (const std::optional<Error> known = large_->damage_before(slice.number))
    return large_->lose(slice.number, slice.is_last, *known);
  try {
    slice.bytes = inflate(member, inflation);
  } catch (const Error& error) {
    return large_->lose(member.number, member.is_last, error);
  }
  return large_->take(slice);
}

/// The file in members whose first is none, or not its only one.
void SpanWork::salvage_file(const Error& why) {
  const std::unique_ptr<Receiver> receiver = std::move(receivers_.front());
  if (!receiver) return;
  try {
    tell_outcome(FileSalvage(span_.objects.front(), file_span()).run(*receiver, false, why));
  } catch (const Error& error) {
    work_.settle(span_.objects.front(), error);
  }
}

void SpanWork::tell_outcome(const FileOutcome& outcome) {
  const PlannedObject& object = span_.objects.front();
  if (outcome.lost) return work_.settle(object, *outcome.lost);
  work_.count(object);
  if (outcome.damage)
    work_.troubles().add({.kind = Trouble::Kind::Damaged,
                          .path = "",
                          .reason = fmt::format("gzip members of {} are damaged, but all of it is whole: {}",
                                                printable(object.line.entry.path), outcome.damage->what())});
}

/// Called in a handler. The others of a file that is given up fail as well, and say nothing new.
void SpanWork::settle_large(const Error& failure) {
  if (large_->fail()) work_.settle(span_.objects.front(), failure);
}

}  // namespace osbackup::restore
