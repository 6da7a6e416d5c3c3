#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "archive/gzip_member_reader.hpp"
#include "core/range_reader.hpp"
#include "restore/large_file.hpp"
#include "restore/member_queue.hpp"
#include "restore/object_work.hpp"

namespace osbackup::restore {

/// What one thread inflates with; used again for each member. One thread at a time.
struct Inflation {
  archive::GzipMemberReader reader;
  std::vector<std::byte> content;
};

/// Takes the objects of one span out of its members. Threads process members at once; each member once.
class SpanWork {
 public:
  /// `receivers` are those of the span's objects, in their order; null for what nobody receives. `archive` is where the
  /// span lies, for another look at what is damaged.
  SpanWork(PlannedSpan span, std::vector<std::unique_ptr<Receiver>> receivers, ObjectWork& work,
           std::shared_ptr<const RangeReader> archive);

  /// Called before process(), when it is known that there is more than one member. Corrupt when the objects cannot go
  /// on in several.
  void expect_several_members();

  /// The objects in a member, or the slice of one that goes on in several. What fails is settled.
  void process(const QueuedMember& member, Inflation& inflation, MemberQueue& queue);

 private:
  void lose(std::size_t from_member, const Error& why);
  std::span<const std::byte> inflate(const QueuedMember& member, Inflation& inflation) const;
  void process_small(const QueuedMember& member, Inflation& inflation, MemberQueue& queue);
  std::span<const std::byte> salvage(const QueuedMember& member, Inflation& inflation, const Error& why);
  void lose_small(const Error& why);
  void process_slice(const QueuedMember& member, Inflation& inflation);
  std::optional<FileOutcome> take_slice(const QueuedMember& member, Inflation& inflation);
  void settle_large(const Error& failure);
  void tell_outcome(const FileOutcome& outcome);
  bool may_go_on() const;
  void salvage_file(const Error& why);
  FileSpan file_span() const;
  void take_out(std::size_t number, std::span<const std::byte> content);

  PlannedSpan span_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  ObjectWork& work_;
  std::shared_ptr<const RangeReader> archive_;
  std::optional<LargeFile> large_;  ///< The one object of a span of several members.
};

}  // namespace osbackup::restore
