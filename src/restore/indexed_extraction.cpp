#include "restore/indexed_extraction.hpp"

#include <cassert>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "restore/member_feed.hpp"
#include "restore/member_queue.hpp"
#include "restore/object_work.hpp"
#include "restore/span_planner.hpp"
#include "restore/span_work.hpp"

namespace osbackup::restore {
namespace {

/// Members of a MiB that are read ahead of the threads that inflate them, besides two for each.
constexpr std::size_t kMembersAhead = 12;

class IndexedExtraction {
 public:
  IndexedExtraction(archive::ArchiveReader& archive, const ExtractionOrder& order, ObjectSink& sink,
                    ExtractionVoices voices)
      : sink_(sink),
        archive_(archive.bytes()),
        work_(order, voices),
        planner_(archive, order, sink, voices.troubles),
        feed_(archive, planner_),
        queue_(kMembersAhead + 2 * std::size_t{order.threads}) {}

  void run() {
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < work_.order().threads; ++i) threads.emplace_back([this] { inflate(); });
      try {
        while (std::optional<PlannedSpan> span = feed_.next_span())
          if (!hand_out(std::move(*span))) break;
      } catch (...) {
        queue_.fail(std::current_exception());
      }
      queue_.close();
    }
    if (const std::exception_ptr failure = queue_.failure()) std::rethrow_exception(failure);
  }

 private:
  void inflate() {
    try {
      Inflation inflation;
      while (const std::optional<QueuedMember> member = queue_.next()) {
        require_not_stopped();
        member->span->process(*member, inflation, queue_);
        queue_.done(member->sequence);
      }
    } catch (...) {
      queue_.fail(std::current_exception());
    }
  }

  void require_not_stopped() const {
    if (work_.order().stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
  }

  std::vector<std::unique_ptr<Receiver>> receive(const PlannedSpan& span) {
    std::vector<std::unique_ptr<Receiver>> receivers;
    for (const PlannedObject& object : span.objects) {
      // One path can be 100,000 directories that are to be made.
      require_not_stopped();
      receivers.emplace_back();
      try {
        receivers.back() = sink_.receive(object.line.entry);
      } catch (const Error& error) {
        work_.settle(object, error);
      }
    }
    return receivers;
  }

  /// False when nothing more is wanted.
  bool hand_out(PlannedSpan span) {
    require_not_stopped();
    std::vector<std::unique_ptr<Receiver>> receivers = receive(span);
    const auto work = std::make_shared<SpanWork>(std::move(span), std::move(receivers), work_, archive_);
    std::uint64_t content_offset = 0;
    std::size_t number = 0;
    try {
      for (;; ++number) {
        FedMember member = feed_.next_member();
        const bool is_last = member.is_last;
        if (number == 0 && !is_last) work->expect_several_members();
        if (!queue_.push({.span = work,
                          .number = number,
                          .content_bytes = member.content_bytes,
                          .content_offset = content_offset,
                          .is_last = is_last,
                          .offset = member.offset,
                          .bytes = std::move(member.bytes)}))
          return false;
        if (is_last) break;
        content_offset += member.content_bytes;
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      return queue_.push({.span = work, .number = number, .failure = error});
    }
    return true;
  }

  ObjectSink& sink_;
  std::shared_ptr<const RangeReader> archive_;
  ObjectWork work_;
  SpanPlanner planner_;
  MemberFeed feed_;
  MemberQueue queue_;
};

}  // namespace

void extract_by_index(archive::ArchiveReader& archive, const ExtractionOrder& order, ObjectSink& sink,
                      ExtractionVoices voices) {
  assert(archive.manifest() && order.threads > 0);
  IndexedExtraction(archive, order, sink, voices).run();
}

}  // namespace osbackup::restore
